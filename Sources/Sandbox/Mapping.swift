/// What the sandbox's mapping service says of a user: a pure function of the user id and of the service's generation.
///
/// A service in production changes its answers over time; here that is a step to another generation. `crm_id` stays, the
/// `loyalty_id` is another one.
public struct Mapping: Codable, Sendable, Equatable {
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
