import Domain

/// What the sandbox's mapping service says of a user: a pure function of the user id and of the service's generation.
///
/// A service in production changes its answers over time; here that is a step to another generation. `crm_id` stays, the
/// `loyalty_id` is another one.
public struct Mapping: Decodable, Sendable, Equatable {
    /// The user the mapping is of.
    public var userID: String
    /// The user's id in a customer system; the same in every generation.
    public var crmID: String
    /// The user's id in a loyalty system; another one in every generation.
    public var loyaltyID: String

    enum CodingKeys: String, CodingKey {
        case userID = "user_id"
        case crmID = "crm_id"
        case loyaltyID = "loyalty_id"
    }

    /// The mapping of a user in a generation.
    public init(userID: String, generation: Int) {
        self.userID = userID
        crmID = "c-" + Self.hash("crm/\(userID)")
        loyaltyID = "l-" + Self.hash("loyalty/\(generation)/\(userID)")
    }

    /// As the service answers it. Not by an encoder, which took a quarter of the service's time: a bench asks for a million of them on
    /// the processors on which it measures the pipeline.
    var json: JSONValue {
        ["crm_id": .string(crmID), "loyalty_id": .string(loyaltyID), "user_id": .string(userID)]
    }

    /// An object with the mapping of each user whom the service knows.
    static func json(of mappings: some Sequence<(String, Mapping?)>) -> [UInt8] {
        JSONValue.object(mappings.compactMap { user, mapping in mapping.map { .init(user, $0.json) } }).bytes
    }

    /// FNV-1a, 64 bits (offset basis and prime as published by its authors), in hexadecimal digits.
    private static func hash(_ text: String) -> String {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 {
            value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
