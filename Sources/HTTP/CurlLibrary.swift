import CCurl

/// libcurl's process-wide state.
enum CurlLibrary {
    /// The result of `curl_global_init`, which runs at the first use and never again.
    ///
    /// Swift initialises a static property exactly once and makes every other thread wait for it, which is all that
    /// `curl_global_init` asks for: "If this is not thread-safe [...] you must not call this function when any other
    /// thread in the program is running" concerns builds without the `threadsafe` feature, which libcurl has had on
    /// Linux since 7.84. The state is never cleaned up: clients may live until the process ends, which frees it.
    static let initialization: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
}

/// Sets options on an easy handle and remembers the first failure, so that a row of settings reads as one.
struct Options {
    let handle: UnsafeMutableRawPointer
    private(set) var failure: CURLcode = CURLE_OK

    init(_ handle: UnsafeMutableRawPointer) {
        self.handle = handle
    }

    mutating func set(_ option: CURLoption, _ value: Int) {
        note(ccurl_set_long(handle, option, value))
    }

    mutating func set(_ option: CURLoption, _ value: Bool) {
        note(ccurl_set_long(handle, option, value ? 1 : 0))
    }

    mutating func set(_ option: CURLoption, offset value: Int) {
        note(ccurl_set_offset(handle, option, curl_off_t(value)))
    }

    mutating func set(_ option: CURLoption, _ value: String) {
        note(ccurl_set_string(handle, option, value))
    }

    mutating func set(_ option: CURLoption, pointer value: UnsafeMutableRawPointer) {
        note(ccurl_set_pointer(handle, option, value))
    }

    mutating func set(_ option: CURLoption, list value: UnsafeMutablePointer<curl_slist>?) {
        note(ccurl_set_list(handle, option, value))
    }

    mutating func set(_ option: CURLoption, _ value: @escaping curl_write_callback) {
        note(ccurl_set_write_function(handle, option, value))
    }

    private mutating func note(_ result: CURLcode) {
        if failure == CURLE_OK { failure = result }
    }
}
