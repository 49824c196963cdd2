//! Requests that never reach the pipeline.

/// Why Envoy itself refuses a request.
///
/// The names in the access log are Envoy's response code details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeRefusal {
    /// HTTP/1.1: the method is none that Envoy knows.
    Method,
    /// HTTP/1.1: a control character in the target.
    ControlCharacter,
    /// HTTP/1.1: the target has a character that none may have, or none of the four forms.
    Target,
    /// HTTP/1.1: a line end in the target ends the request line, which then has no version.
    LineEnd,
    /// HTTP/1.1: the target is in absolute or authority form, and its authority is none.
    Url,
    /// HTTP/1.1: the target is in absolute form, and its scheme is neither `http` nor `https`.
    Scheme,
    /// HTTP/1.1: the target says `https` on a connection without TLS.
    HttpsWithoutTls,
    /// HTTP/1.1: no `Host`.
    NoHost,
    /// HTTP/1.1: a character in `Host` that no authority has.
    Authority,
    /// HTTP/1.1: the name of a header field has an underscore.
    UnderscoreOverHttp1,
    /// HTTP/1.1: request line and header fields are longer than 60 KiB.
    TooLarge,
    /// HTTP/2: a pseudo-header that is not allowed to be what it is.
    PseudoHeader,
    /// HTTP/2: a pseudo-header is missing, or there where none may be.
    Messaging,
    /// HTTP/2: the name of a header field has an underscore.
    UnderscoreOverHttp2,
    /// The target is the server itself (`*`), or has no path before its query.
    NoPath,
    /// The path or its query holds a `#`.
    Fragment,
    /// The path holds an escaped `/` or `\`.
    EscapedSlash,
    /// The path holds an escaped NUL.
    EscapedNul,
}

impl EdgeRefusal {
    /// What Envoy answers; none where it closes the connection instead.
    #[must_use]
    pub fn status(self) -> Option<u16> {
        match self {
            Self::PseudoHeader | Self::Messaging | Self::UnderscoreOverHttp2 => None,
            Self::HttpsWithoutTls => Some(403),
            Self::NoPath => Some(404),
            Self::LineEnd => Some(426),
            Self::TooLarge => Some(431),
            _ => Some(400),
        }
    }

    /// Whether Envoy has read the whole head of the request by then, and so knows callers of gRPC.
    #[must_use]
    pub fn knows_the_caller(self) -> bool {
        matches!(
            self,
            Self::NoHost | Self::NoPath | Self::Fragment | Self::EscapedSlash | Self::EscapedNul
        )
    }

    /// What the access log says (`reason`).
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Method | Self::Target => "http1.codec_error",
            Self::ControlCharacter => "http1.invalid_characters",
            Self::LineEnd => "low_version",
            Self::Url => "http1.invalid_url",
            Self::Scheme => "http1.invalid_scheme",
            Self::HttpsWithoutTls => "http1.https_url_on_plaintext_connection",
            Self::NoHost => "missing_host_header",
            Self::Authority => "http.invalid_authority",
            Self::UnderscoreOverHttp1 => "http1.unexpected_underscore",
            Self::TooLarge => "http1.headers_too_large",
            Self::PseudoHeader => "http2.invalid.header.field",
            Self::Messaging => "http2.violation.of.messaging.rule",
            Self::UnderscoreOverHttp2 => "http2.unexpected_underscore",
            Self::NoPath => "absolute_path_rejected",
            Self::Fragment | Self::EscapedSlash | Self::EscapedNul => "path_normalization_failed",
        }
    }

    /// For people.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::Method => "Envoy knows no such method over HTTP/1.1.",
            Self::ControlCharacter => "The target holds a control character.",
            Self::Target => {
                "The target is no path, no URL and not \"*\", or holds a character that must be \
                 percent-encoded."
            }
            Self::LineEnd => "The target holds a line end, which ends the request line early.",
            Self::Url => "The target's host or port is none.",
            Self::Scheme => "The target's scheme is neither http nor https.",
            Self::HttpsWithoutTls => "The target says https, and the listener has no TLS.",
            Self::NoHost => "The request has no host.",
            Self::Authority => "The host holds a character that no host has.",
            Self::UnderscoreOverHttp1 | Self::UnderscoreOverHttp2 => {
                "A header's name holds an underscore."
            }
            Self::TooLarge => "The request line and the headers are longer than 60 KiB.",
            Self::PseudoHeader => {
                "The method, the host or the path holds a character that must not be there."
            }
            Self::Messaging => "The host or the path is missing, or the path begins with no \"/\".",
            Self::NoPath => "The target has no path.",
            Self::Fragment => "The target holds a \"#\"; fragments are not sent.",
            Self::EscapedSlash => "The path holds an escaped slash (%2f) or backslash (%5c).",
            Self::EscapedNul => "The path holds an escaped NUL (%00).",
        }
    }
}
