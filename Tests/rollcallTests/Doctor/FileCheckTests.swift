import Domain
import Ledger
import Pipeline
import Testing

@testable import rollcall

@Suite("Judging files and the mapping service")
struct FileCheckTests {
    @Test("A ledger is absent, ours and sound, or a failure")
    func ledgers() throws {
        let directory = try TemporaryDirectory()
        func state(_ name: String, _ topic: String = "god") -> Check.State {
            let path = directory.path + "/" + name
            return LedgerFileCheck.judge(LedgerFileCheck.look(path), path: path, godTopic: topic).state
        }
        #expect(state("none.sqlite") == .ok)
        let writer = try LedgerWriter(path: directory.path + "/ledger.sqlite", godTopic: "god")
        #expect(state("ledger.sqlite") == .ok, "also while a pipeline writes it")
        #expect(state("ledger.sqlite", "another") == .failure)
        writer.close()
        try directory.write("stranger.sqlite", "not a database at all, but text that somebody put there")
        #expect(state("stranger.sqlite") == .failure)
    }

    @Test("Parked records are a warning with their reasons, the most frequent first")
    func parked() throws {
        func check(_ counts: [ParkReason: Int]) -> Check { ParkedCheck.judge(.success(counts)) }
        #expect(check([:]).state == .ok)
        #expect(check([.badRow: 2, .mappingFailed: 1_200]).finding == "1,202 records parked: 1200 mapping_failed, 2 bad_row")
        let directory = try TemporaryDirectory()
        #expect(ParkedCheck.judge(try ParkedCheck.look([directory.path + "/none"])).state == .ok)
        let stranger = try directory.write("parked.sqlite", "not a database at all, but text that somebody put there")
        #expect(ParkedCheck.judge(try ParkedCheck.look([stranger])).state == .failure)
    }

    @Test("Room is judged by what is left", arguments: [(1 << 20, Check.State.failure), (500 << 20, .warning), (5 << 30, .ok)])
    func space(freeBytes: Int, expected: Check.State) {
        let space = DiskSpaceCheck.Space(freeBytes: UInt64(freeBytes), totalBytes: 1 << 40)
        #expect(DiskSpaceCheck.judge("ledger", directory: "/d", space).state == expected)
    }

    @Test("Where a directory does not exist yet, the nearest one above it tells the room")
    func nearestDirectory() throws {
        let directory = try TemporaryDirectory()
        #expect(DiskSpaceCheck.measure(directory.path + "/not/yet/there") != nil)
        #expect(DiskSpaceCheck.measure("relative/and/absent") != nil)
        #expect(DiskSpaceCheck.size(999) == "999 B")
        #expect(DiskSpaceCheck.size(1_550_000) == "1.5 MB")
        #expect(DiskSpaceCheck.size(80_900_000_000) == "80 GB")
        #expect(FilesSection.directory(of: "/ledger.sqlite") == "/")
        #expect(FilesSection.directory(of: "ledger.sqlite") == ".")
    }

    @Test(
        "Whoever can write the settings decides everything",
        arguments: [(0o600, Check.State.ok), (0o644, .ok), (0o664, .warning), (0o666, .failure)])
    func settingsFile(mode: Int, expected: Check.State) throws {
        let file = try TemporaryDirectory().write("rollcall.yaml", "", mode: mode)
        #expect(SettingsFileCheck.judge(path: file, mode: UInt32(mode))?.state == expected)
        #expect(SettingsFileCheck.judge(path: nil, mode: nil) == nil)
    }

    @Test("A mapping service that answers is fine, whether it knows the user or not; a slow one is a warning")
    func mapping() {
        func state(_ answer: Result<MappingAnswer, PortFailure>, tookMs: Int64 = 5) -> Check.State {
            MappingCheck.judge(answer, user: UserID("42"), url: "http://m/{user_id}", tookMs: tookMs).state
        }
        #expect(state(.success(.found([]))) == .ok)
        #expect(state(.success(.notFound)) == .ok)
        #expect(state(.success(.found([])), tookMs: 3_000) == .warning)
        #expect(state(.success(.failed("500"))) == .failure)
        #expect(state(.failure(PortFailure(.unavailable, "refused"))) == .failure)
    }
}
