import HTTP
import Pipeline

extension EffectiveSettings {
    /// How the mapping service is asked.
    func mapping() throws -> MappingSettings {
        let keys = Self.keys.mapping
        let url = try MappingURL(try value(keys.url), separator: try value(keys.separator))
        var settings = MappingSettings(url: url)
        settings.http = try mappingHTTP()
        settings.concurrency = try value(keys.concurrency)
        settings.requestsPerSecond = try value(keys.requestsPerSecond)
        settings.batchUsers = try value(keys.usersPerRequest)
        settings.batchAnswer = try value(keys.idField).map { .array(idField: $0) } ?? .objectByUser
        settings.maxAttempts = try value(keys.retry.attempts)
        settings.maxRetryMs = try milliseconds(keys.retry.window)
        settings.backoffInitialMs = try milliseconds(keys.retry.initialPause)
        settings.backoffMaximumMs = try milliseconds(keys.retry.longestPause)
        settings.retryAfterMaximumMs = try milliseconds(keys.retry.longestRetryAfter)
        settings.blameAfterMs = try milliseconds(keys.retry.blame)
        settings.breakerFailures = try value(keys.breaker.failures)
        settings.breakerOpenMs = try milliseconds(keys.breaker.open)
        settings.breakerOpenMaximumMs = try milliseconds(keys.breaker.longestOpen)
        settings.cacheFoundMs = try milliseconds(keys.cache.found)
        settings.cacheNotFoundMs = try milliseconds(keys.cache.notFound)
        settings.cacheBytes = try value(keys.cache.size)
        return settings
    }

    private func mappingHTTP() throws(SettingsError) -> HTTP.Configuration {
        let keys = Self.keys.mapping
        var http = HTTP.Configuration()
        http.connectTimeoutMs = try milliseconds(keys.connectTimeout)
        http.totalTimeoutMs = try milliseconds(keys.timeout)
        http.maxResponseBytes = try value(keys.maximumBody)
        http.headers = try value(keys.headers).members.map { Header($0.name, $0.value) }
        http.bearerToken = try value(keys.bearerToken)
        http.caFile = try value(keys.caFile)
        http.userAgent = "rollcall/\(Versions.rollcall)"
        switch try value(keys.proxy) {
        case "none": http.proxy = .none
        case "environment": http.proxy = .environment
        case let address: http.proxy = .url(address)
        }
        return http
    }
}
