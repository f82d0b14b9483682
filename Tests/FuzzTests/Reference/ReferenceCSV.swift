/// CSV as RFC 4180 has it, read by a loop over bytes.
enum ReferenceCSV {
    /// The records of a text; nil where a quote stands wrong or the last line has no end.
    static func records(of text: [UInt8]) -> [[[UInt8]]]? {
        var records: [[[UInt8]]] = []
        var record: [[UInt8]] = []
        var cell: [UInt8] = []
        var index = 0
        var isQuoted = false
        var wasQuoted = false
        while index < text.count {
            let byte = text[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\"") where isQuoted:
                if index < text.count, text[index] == byte {
                    cell.append(byte)
                    index += 1
                } else {
                    isQuoted = false
                }
            case UInt8(ascii: "\""):
                guard cell.isEmpty, !wasQuoted else { return nil }
                isQuoted = true
                wasQuoted = true
            case UInt8(ascii: ",") where !isQuoted, UInt8(ascii: "\n") where !isQuoted:
                record.append(cell)
                cell = []
                wasQuoted = false
                if byte == UInt8(ascii: "\n") {
                    records.append(record)
                    record = []
                }
            default:
                guard isQuoted || !wasQuoted else { return nil }
                cell.append(byte)
            }
        }
        return isQuoted || !record.isEmpty || !cell.isEmpty ? nil : records
    }
}
