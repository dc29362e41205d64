//! NapCat itself, credentials, and what is left.

use serde_json::Value;

options! {
    /// For [`send_packet`].
    PacketOptions {
        /// Whether to wait for an answer: true if not given.
        rsp: flag,
    }
}

answers! {
    /// How NapCat is.
    Status {
        /// Whether the account is logged in.
        online: bool,
        good: bool,
        stat: Value,
    }

    /// What runs there.
    VersionInfo {
        app_name: String,
        protocol_version: String,
        app_version: String,
    }

    /// Whether it can.
    Can {
        yes: bool,
    }

    /// For QQ's web pages.
    Cookies {
        cookies: String,
        bkn: String,
    }

    /// For QQ's web pages.
    CsrfToken {
        token: i64,
    }

    /// For QQ's web pages.
    Credentials {
        cookies: String,
        token ["token" or "csrf_token"]: i64,
    }

    /// For QQ's own clients.
    ClientKey {
        clientkey: Option<String>,
    }

    /// How safe an address is.
    UrlSafety {
        /// 1 safe, 2 unknown, 3 dangerous.
        level: i64,
    }

    /// Words in Chinese, in their order.
    Translation {
        words: Vec<String>,
    }
}

actions! {
    /// Whether the account is online.
    get_status() -> Status;
    /// Name and version of NapCat.
    get_version_info() -> VersionInfo;
    /// Always true.
    can_send_image() -> Can;
    /// Always true.
    can_send_record() -> Can;
    /// The cookies for a domain, as "qun.qq.com".
    get_cookies(domain: text) -> Cookies;
    /// The token against forged requests.
    get_csrf_token() -> CsrfToken;
    /// Both.
    get_credentials(domain: text) -> Credentials;
    /// The account's client key.
    get_clientkey() -> ClientKey;
    /// Restarts NapCat, where something watches over it.
    set_restart() -> ();
    /// Ends NapCat at once, so no answer comes: success is [`HostError::Disconnected`](crate::HostError::Disconnected) or
    /// [`HostError::Timeout`](crate::HostError::Timeout).
    bot_exit() -> ();
    /// Empties the folders of temporary and received files.
    clean_cache() -> ();
    /// A quick operation on an event's original. NapCat ignores moderation in it, and perhaps requests: the direct actions
    /// are better.
    handle_quick_operation = ".handle_quick_operation"(context: json, operation: json) -> ();
    /// Fails when there is no packet backend.
    nc_get_packet_status() -> ();
    /// A packet of QQ's protocol; data and answer are hexadecimal. Needs NapCat's packet backend.
    send_packet(cmd: id, data: text; PacketOptions) -> Option<String>;
    /// Says that every address is safe, for clients of go-cqhttp.
    check_url_safely(url: text) -> UrlSafety;
    /// Words of English in Chinese.
    translate_en2zh(words: texts) -> Translation;
    /// Does nothing, for clients of go-cqhttp.
    get_guild_list() -> ();
    /// Does nothing, for clients of go-cqhttp.
    get_guild_service_profile() -> ();
}
