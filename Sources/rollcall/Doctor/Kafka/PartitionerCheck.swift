import Kafka
import Report

/// Keys have to lie where every client looks for them.
enum PartitionerCheck {
    static func judge(_ sample: KeySample) -> Check {
        let precondition = Precondition(
            "kafka.partitioner.\(sample.topic)",
            why:
                "librdkafka places keys by CRC32, Java by murmur2. A topic that both wrote holds one user in two partitions, and compaction "
                + "keeps both for ever.")
        if let trouble = sample.trouble { return precondition.unknown("keys of \(sample.topic): \(trouble)") }
        let keys = sample.keys.compactMap { key in key.bytes.map { (bytes: $0, key: key) } }
        guard !keys.isEmpty else { return precondition.ok("\(sample.topic) holds no key yet") }
        let strays = keys.filter { Partitioner.murmur2(key: $0.bytes, partitionCount: sample.partitionCount) != $0.key.partition }
        guard let first = strays.first else {
            return precondition.ok("\(PlainText.count(keys.count, "sampled key")) of \(sample.topic), each where murmur2 puts it")
        }
        let expected = Partitioner.murmur2(key: first.bytes, partitionCount: sample.partitionCount)
        let share = "\(strays.count) of \(PlainText.count(keys.count, "sampled key")) of \(sample.topic)"
        return precondition.failure(
            "\(share) lie in another partition than murmur2 gives, `\(first.key.text)` in \(first.key.partition) instead of \(expected)"
                + cause(strays.map(\.key), sample.partitionCount),
            mend: "a new topic in the place of \(sample.topic), and `rollcall replay --all`; or stop the other writer "
                + "(partitioner=murmur2_random in its settings), then `rollcall verify` and `rollcall repair --run latest`")
    }

    /// What explains all of the strays, if one thing does.
    private static func cause(_ strays: [KeySample.Key], _ count: Int) -> String {
        if strays.allSatisfy({ CRC32.partition(of: $0.bytes ?? [], count) == $0.partition }) {
            return "; librdkafka's default partitioner (CRC32) wrote them"
        }
        let former = (1..<max(count, 1)).first { former in
            strays.allSatisfy { Partitioner.murmur2(key: $0.bytes ?? [], partitionCount: former) == $0.partition }
        }
        return former.map { "; the topic had \(PlainText.count($0, "partition")) when they were written" } ?? ""
    }
}
