//! A small server of static files with the headers that a page with threads needs.
//!
//! Unlike trunk's own server it gives 404 for what is missing: the single-page fallback would answer a request for a
//! missing .wasm with the page, and the engine would hang. See docs/decisions/0001-own-dev-server.md.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, anyhow};
use tiny_http::{Header, Method, Request, Response, Server, StatusCode};

use crate::build;

/// How to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// With the headers that give the page shared memory.
    Isolated,
    /// Without, as most static hosts do.
    Plain,
}

/// Requests served at once. A page asks for about a dozen files at its start.
const THREADS: usize = 8;

/// Starts serving `folder` on threads of its own; returns the address. Port 0 takes a free one.
///
/// # Errors
/// If the port cannot be had.
pub fn start(folder: PathBuf, port: u16, isolation: Isolation) -> Result<String> {
    let server =
        Server::http(("127.0.0.1", port)).map_err(|error| anyhow!("{error}")).with_context(|| {
            format!("port {port} cannot be used: is another server running? Choose one by --port")
        })?;
    let address = server.server_addr();
    let server = Arc::new(server);
    for _ in 0..THREADS {
        let (server, folder) = (Arc::clone(&server), folder.clone());
        thread::spawn(move || {
            while let Ok(request) = server.recv() {
                // A client that went away while it was answered is nobody's problem.
                let _ = answer(request, &folder, isolation);
            }
        });
    }
    // "localhost" rather than the number: it is what people know as a secure context.
    Ok(format!("http://localhost:{}/", address.to_ip().map_or(port, |address| address.port())))
}

fn answer(request: Request, folder: &Path, isolation: Isolation) -> std::io::Result<()> {
    if !matches!(request.method(), Method::Get | Method::Head) {
        return request.respond(with_headers(text(405, "only GET and HEAD"), "text/plain", isolation, None));
    }
    let found = file_of(folder, request.url()).and_then(|file| Some((fs::read(&file).ok()?, file)));
    let Some((bytes, file)) = found else {
        return request.respond(with_headers(text(404, "not found"), "text/plain", isolation, None));
    };
    let policy = fs::read_to_string(folder.join("index.html")).map(|html| build::policy(&html)).ok();
    let response = Response::from_data(bytes);
    request.respond(with_headers(response, content_type(&file), isolation, policy))
}

fn text(status: u16, text: &str) -> Response<std::io::Cursor<Vec<u8>>> {
    Response::from_string(format!("{text}\n")).with_status_code(StatusCode(status))
}

fn with_headers<R: std::io::Read>(
    mut response: Response<R>,
    content_type: &str,
    isolation: Isolation,
    policy: Option<String>,
) -> Response<R> {
    let mut headers = vec![
        ("Content-Type", content_type.to_owned()),
        ("Cache-Control", "no-cache".into()),
        ("X-Content-Type-Options", "nosniff".into()),
        ("Cross-Origin-Resource-Policy", "same-origin".into()),
        ("Referrer-Policy", "no-referrer".into()),
    ];
    if isolation == Isolation::Isolated {
        headers.push(("Cross-Origin-Opener-Policy", "same-origin".into()));
        headers.push(("Cross-Origin-Embedder-Policy", "require-corp".into()));
    }
    // Sent with every file: a worker has the policy of its own script, not the page's.
    headers.extend(policy.map(|policy| ("Content-Security-Policy", policy)));
    for (name, value) in headers {
        if let Ok(header) = Header::from_bytes(name, value) {
            response.add_header(header);
        }
    }
    response
}

/// The file that a request asks for; `None` for anything but a plain path below `folder`.
fn file_of(folder: &Path, url: &str) -> Option<PathBuf> {
    let path = url.split(['?', '#']).next()?.strip_prefix('/')?;
    // The site's names hold none of these; so nothing needs decoding, and nothing can lead out of the folder.
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
    use std::io::{Read, Write};
    use std::net::TcpStream;

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
        fs::write(folder.join("site/engine/a.wasm"), "wasm").unwrap();

        let isolated = start(folder.join("site"), 0, Isolation::Isolated).unwrap();
        let page = get(&isolated, "/?s=x");
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("text/html"), "{page}");
        assert!(page.contains("Cross-Origin-Embedder-Policy: require-corp"), "{page}");
        assert!(page.contains("Content-Security-Policy: default-src 'none'"), "{page}");
        assert!(get(&isolated, "/engine/a.wasm").contains("application/wasm"));
        for outside in ["/engine/b.wasm", "/../secret", "/%2e%2e/secret", "/engine/../../secret"] {
            assert!(get(&isolated, outside).starts_with("HTTP/1.1 404"), "{outside}");
        }
        let plain = start(folder.join("site"), 0, Isolation::Plain).unwrap();
        assert!(!get(&plain, "/").contains("Embedder-Policy"));
        fs::remove_dir_all(folder).unwrap();
    }
}
