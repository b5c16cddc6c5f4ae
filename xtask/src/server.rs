//! A small server of static files, with the headers that a page with threads needs.
//!
//! Unlike trunk's own server it answers 404 for a missing file. trunk's single-page fallback would answer a request for
//! a missing .wasm with the page, and the engine would hang. See docs/decisions/0001-own-dev-server.md.

//!
//! Each connection has a thread of its own and ends with its answer. tiny_http, which was used before, gives connections
//! that arrive together to too few threads; the others wait until the browser closes one.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::build;

/// How to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// With the headers that allow the page to share memory.
    Isolated,
    /// Without them, as by most static hosts.
    Plain,
}

/// The longest wait for a request. Browsers open connections that they may never use.
const PATIENCE: Duration = Duration::from_secs(30);

/// A link may hold a whole block: after `#`, which browsers do not send, or in the query of an old link.
const LONGEST_REQUEST: usize = 1 << 20;

/// Starts serving `folder` on threads of its own; returns the address. Port 0 takes a free one.
///
/// # Errors
/// If the port is not free.
pub fn start(folder: PathBuf, port: u16, isolation: Isolation) -> Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
        format!("port {port} cannot be used: is another server running? Choose one by --port")
    })?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = folder.clone();
            // An error here means that the client closed the connection, which does no harm.
            thread::spawn(move || drop(converse(stream, &folder, isolation)));
        }
    });
    // "localhost" rather than the address, because people know it as a secure context.
    Ok(format!("http://localhost:{port}/"))
}

/// Reads one request and answers it.
fn converse(mut stream: TcpStream, folder: &Path, isolation: Isolation) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = Vec::new();
    let answer = loop {
        let mut more = [0; 8192];
        let length = stream.read(&mut more)?;
        if length == 0 {
            return Ok(());
        }
        request.extend_from_slice(&more[..length]);
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(&request) {
            Ok(httparse::Status::Complete(_)) => {
                let (method, url) = (parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default());
                break answer(method, url, folder, isolation);
            }
            Ok(httparse::Status::Partial) if request.len() < LONGEST_REQUEST => {}
            _ => break Answer::text("400 Bad Request", "no request that is understood", isolation),
        }
    };
    stream.write_all(&answer.into_bytes())
}

/// The answer to a request.
struct Answer {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Whether only the headers were asked for.
    headers_only: bool,
}

fn answer(method: &str, url: &str, folder: &Path, isolation: Isolation) -> Answer {
    if !["GET", "HEAD"].contains(&method) {
        return Answer::text("405 Method Not Allowed", "only GET and HEAD", isolation);
    }
    let found = file_of(folder, url).and_then(|file| Some((fs::read(&file).ok()?, file)));
    let mut answer = match found {
        Some((bytes, file)) => {
            let policy = fs::read_to_string(folder.join("index.html")).map(|html| build::policy(&html)).ok();
            let mut answer = Answer::new("200 OK", content_type(&file), bytes, isolation, policy);
            if isolation == Isolation::Isolated && file.ends_with("embed.html") {
                // Threads in a frame of a page that is not isolated itself (Chromium 137 and later).
                answer.headers.push(("Document-Isolation-Policy", "isolate-and-require-corp".into()));
            }
            answer
        }
        None => Answer::text("404 Not Found", "not found", isolation),
    };
    answer.headers_only = method == "HEAD";
    answer
}

impl Answer {
    fn new(
        status: &'static str,
        content_type: &str,
        body: Vec<u8>,
        isolation: Isolation,
        policy: Option<String>,
    ) -> Self {
        let mut headers = vec![
            ("Connection", "close".to_owned()),
            ("Content-Length", body.len().to_string()),
            ("Content-Type", content_type.to_owned()),
            ("Cache-Control", "no-cache".into()),
            ("X-Content-Type-Options", "nosniff".into()),
            // Other sites may show the page in a frame, also in one with an origin of its own.
            ("Cross-Origin-Resource-Policy", "cross-origin".into()),
            ("Access-Control-Allow-Origin", "*".into()),
            ("Referrer-Policy", "no-referrer".into()),
        ];
        if isolation == Isolation::Isolated {
            headers.push(("Cross-Origin-Opener-Policy", "same-origin".into()));
            headers.push(("Cross-Origin-Embedder-Policy", "require-corp".into()));
        }
        // Sent with every file, because a worker has the policy of its own script, not the page's.
        headers.extend(policy.map(|policy| ("Content-Security-Policy", policy)));
        Self { status, headers, body, headers_only: false }
    }

    fn text(status: &'static str, text: &str, isolation: Isolation) -> Self {
        Self::new(status, "text/plain", format!("{text}\n").into_bytes(), isolation, None)
    }

    fn into_bytes(self) -> Vec<u8> {
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut bytes = format!("HTTP/1.1 {}\r\n{headers}\r\n", self.status).into_bytes();
        if !self.headers_only {
            bytes.extend(self.body);
        }
        bytes
    }
}

/// The file that a request asks for; `None` for anything but a plain path below `folder`.
fn file_of(folder: &Path, url: &str) -> Option<PathBuf> {
    let path = url.split(['?', '#']).next()?.strip_prefix('/')?;
    // The site's names have none of these characters. So nothing needs decoding, and no path leaves the folder.
    if path.contains(['%', '\\', ':']) || path.split('/').any(|part| part == "..") {
        return None;
    }
    let file = folder.join(if path.is_empty() { "index.html" } else { path });
    let file = if file.is_dir() { file.join("index.html") } else { file };
    file.is_file().then_some(file)
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json; charset=utf-8",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(address: &str, path: &str) -> String {
        let host =
            address.trim_start_matches("http://").trim_end_matches('/').replace("localhost", "127.0.0.1");
        let mut stream = TcpStream::connect(&host).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn files_come_with_their_type_and_isolation_and_nothing_else_comes() {
        let folder = std::env::temp_dir().join(format!("evm-lanes-server-{}", std::process::id()));
        fs::create_dir_all(folder.join("site/engine")).unwrap();
        fs::write(folder.join("secret"), "secret").unwrap();
        fs::write(folder.join("site/index.html"), "<head></head>").unwrap();
        fs::write(folder.join("site/embed.html"), "<head></head>").unwrap();
        fs::write(folder.join("site/engine/a.wasm"), "wasm").unwrap();

        let isolated = start(folder.join("site"), 0, Isolation::Isolated).unwrap();
        let page = get(&isolated, "/?s=x");
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("text/html"), "{page}");
        assert!(page.contains("Cross-Origin-Embedder-Policy: require-corp"), "{page}");
        assert!(page.contains("Content-Security-Policy: default-src 'none'"), "{page}");
        assert!(page.contains("Access-Control-Allow-Origin: *"), "{page}");
        assert!(!page.contains("Document-Isolation-Policy"), "{page}");
        assert!(
            get(&isolated, "/embed.html").contains("Document-Isolation-Policy: isolate-and-require-corp")
        );
        assert!(get(&isolated, "/engine/a.wasm").contains("application/wasm"));
        for outside in ["/engine/b.wasm", "/../secret", "/%2e%2e/secret", "/engine/../../secret"] {
            assert!(get(&isolated, outside).starts_with("HTTP/1.1 404"), "{outside}");
        }
        // Silent connections do not block others, however many there are.
        let silent: Vec<_> = (0..20)
            .map(|_| {
                TcpStream::connect(isolated.trim_start_matches("http://").trim_end_matches('/')).unwrap()
            })
            .collect();
        assert!(get(&isolated, "/engine/a.wasm").ends_with("\r\n\r\nwasm"));
        drop(silent);
        let plain = start(folder.join("site"), 0, Isolation::Plain).unwrap();
        assert!(!get(&plain, "/").contains("Embedder-Policy"));
        fs::remove_dir_all(folder).unwrap();
    }
}
