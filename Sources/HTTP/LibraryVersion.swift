import CCurl

/// The version of the libcurl that is linked, such as `7.88.1`.
public var libraryVersion: String {
    // `CURLVERSION_NOW` is a macro, which Swift cannot see; the version has been in the structure from the first form on.
    // "The version_info function returns a pointer to a statically allocated structure": it is never freed.
    guard let information = curl_version_info(CURLVERSION_FIRST), let version = information.pointee.version else {
        return "unknown"
    }
    return String(cString: version)
}
