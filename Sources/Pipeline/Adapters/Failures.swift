import Kafka
import Ledger
import MySQL
import Source

/// Runs a call to a lower floor, and sorts what it throws by what a step is to do about it.
func translatingFailures<Result>(_ call: () throws -> Result) throws -> Result {
    do {
        return try call()
    } catch let error as KafkaError {
        throw PortFailure(error)
    } catch let error as MySQLError {
        throw PortFailure(error.isRetriable ? .unavailable : .fatal, error.message)
    } catch let error as SourceError {
        throw PortFailure(.fatal, "\(error)")
    } catch let error as LedgerError {
        throw PortFailure(error.isRetriable ? .unavailable : .fatal, error.message)
    }
}

extension PortFailure {
    /// What an error of the Kafka client means for a step; see https://kafka.apache.org/protocol#protocol_error_codes.
    init(_ error: KafkaError) {
        self.init(Self.kind(of: error), error.description)
    }

    /// The failure that a message of the client from out of band is; nil for one that is only to be shown.
    ///
    /// Such a message answers no call of ours. Whatever broke (a TLS handshake during a certificate's renewal, a login while the
    /// identity provider restarts, a broker's name), librdkafka goes on trying. Only rights and topics do not come back by that.
    init?(outOfBand error: KafkaError) {
        switch error.name {
        case "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED",
            "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION":
            self.init(.fatal, error.description)
        case _ where error.isFatal: self.init(.fatal, error.description)
        default: return nil
        }
    }

    private static func kind(of error: KafkaError) -> Kind {
        if error.isFatal { return .fatal }
        switch error.name {
        case "MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE": return .tooLarge
        case "_PURGE_QUEUE", "_PURGE_INFLIGHT": return .purged
        case "ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID", "_ASSIGNMENT_LOST": return .assignmentLost
        // The group is being shared out anew: the revoke, if there is one, comes with one of the next polls.
        case "REBALANCE_IN_PROGRESS": return .unavailable
        // The start-up checks saw the topic, so it was deleted since; waiting for it would hide that.
        case "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION": return .fatal
        default: return error.isRetriable ? .unavailable : .fatal
        }
    }
}
