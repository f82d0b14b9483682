import Domain

extension FuzzTarget {
    /// Parts: key, value, new key, old key. An empty one is absent.
    ///
    /// Whatever arrives on a change topic is decoded, or refused with a reason; and everyone whom other code can see in it is named.
    static let changeEvent = FuzzTarget(name: "change-event") { bytes in
        var input = FuzzInput(bytes)
        let key = input.nextIfAny()
        let value = input.nextIfAny()
        let newKey = input.nextIfAny()
        let oldKey = input.nextIfAny()
        for kind in UserIDKind.allCases {
            let decoder = ChangeEventDecoder(userField: "user_id", kind: kind)
            let result = Result { () throws(ChangeEventError) in
                try decoder.decode(key: key, value: value) { name in
                    switch name {
                    case "__debezium.newkey": newKey
                    case "__debezium.oldkey": oldKey
                    default: nil
                    }
                }
            }
            let named: [UserID]
            switch result {
            case .success(let event):
                named = event.users
                try demand(key != nil, "an event without a key passed")
                try demand(!named.isEmpty || event.operation == .tombstone, "an event concerns nobody")
                for part in [key, value, newKey, oldKey].compactMap({ $0 }) {
                    try demand(ReferenceJSON(part) != nil, "a part is no JSON, and passed: \(shown(part))")
                }
            case .failure(let error):
                named = error.users
                try demand(!error.detail.isEmpty, "refused without a word")
            }
            try demand(Set(named).count == named.count, "somebody is named twice: \(named)")
            for user in named {
                try demand((try? kind.parse(user.text)) == user, "`\(user)` is no id in its canonical form")
            }
            let visible = [key, newKey, oldKey].flatMap { usersInKey($0, kind) } + usersInValue(value, kind)
            for user in visible {
                try demand(named.contains(user), "`\(user)` stands in the event, and is not named: \(named), \(result)")
            }
        }
    }

    private static func usersInKey(_ bytes: [UInt8]?, _ kind: UserIDKind) -> [UserID] {
        payload(bytes).flatMap { user(in: $0, kind) }.map { [$0] } ?? []
    }

    private static func usersInValue(_ bytes: [UInt8]?, _ kind: UserIDKind) -> [UserID] {
        guard let value = payload(bytes) else { return [] }
        // An envelope has objects in it; a row that was unwrapped has none.
        let halves = [value["before"], value["after"], value["source"]]
        let hasObject = halves.contains { if case .object = $0 { true } else { false } }
        let rows = value["op"] != nil && hasObject ? [value["before"], value["after"]] : [value]
        return rows.compactMap { $0.flatMap { user(in: $0, kind) } }
    }

    private static func payload(_ bytes: [UInt8]?) -> ReferenceJSON? {
        // Behind a zero byte stands another encoding, which nobody can read.
        guard let bytes, let value = ReferenceJSON(bytes), value.depth <= 128 else { return nil }
        if case .object(let members) = value, members.count == 2, value["schema"] != nil, let payload = value["payload"] {
            return payload
        }
        return value
    }

    private static func user(in value: ReferenceJSON, _ kind: UserIDKind) -> UserID? {
        switch value["user_id"] {
        case .number(let text), .string(let text): try? kind.parse(String(decoding: text, as: UTF8.self))
        default: nil
        }
    }
}
