#!/usr/bin/env python3
"""A server of bad manners on 127.0.0.1: http_server.py PORTFILE [CERTIFICATE].

The path says what it does; how often a path was asked for counts: /500-twice fails twice.  Requests go to
PORTFILE.log."""
import gzip
import os
import socket
import ssl
import sys
import threading
import time

BODY = b"a,b\n" + b"".join(b"%d,row\n" % i for i in range(1, 2001))
seen = {}
lock = threading.Lock()


def answer(status, body=b"", *headers, length=True):
    head = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    if length:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def chunks(body, size=700, end=True):
    out = b""
    for i in range(0, len(body), size):
        piece = body[i:i + size]
        out += b"%x\r\n%s\r\n" % (len(piece), piece)
    return out + (b"0\r\n\r\n" if end else b"")


def handle(conn, path, count, request):
    chunked = "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    short = answer("200 OK", BODY)[:-100]
    replies = {
        "/whole": answer("200 OK", BODY),
        "/empty": answer("200 OK"),
        "/chunked": chunked + chunks(BODY),
        "/chunked-cut": chunked + chunks(BODY[:7000], end=False),
        "/cut": short,
        "/cut-at-once": answer("200 OK", BODY)[:-len(BODY)],
        "/unframed": answer("200 OK", BODY, length=False),
        "/unframed-gzip": answer("200 OK", gzip.compress(BODY), length=False),
        "/gzip": answer("200 OK", gzip.compress(BODY), "Content-Encoding: gzip"),
        "/file.gz": answer("200 OK", gzip.compress(BODY), "Content-Type: application/gzip"),
        "/gzip-cut": answer("200 OK", gzip.compress(BODY)[:-4]),
        "/brotli": answer("200 OK", b"????", "Content-Encoding: br"),
        "/404": answer("404 Not Found", b"<html>nothing here</html>"),
        "/401": answer("401 Unauthorized", b"who are you?"),
        "/206": answer("206 Partial Content", BODY[:100]),
        "/500": answer("500 Internal Server Error"),
        "/loop": answer("302 Found", b"", "Location: /loop"),
        "/to-file": answer("302 Found", b"", "Location: file:///etc/passwd"),
        "/to-ftp": answer("302 Found", b"", "Location: ftp://127.0.0.1/x"),
        "/to-whole": answer("302 Found", b"moved", "Location: /whole?token=secret"),
        "/to-nothing": answer("302 Found", b"moved"),
        "/huge-header": b"HTTP/1.1 200 OK\r\n" + b"X-Big: " + b"x" * 90000 + b"\r\n" + b"X: y\r\n" * 60000 + b"\r\n",
        "/garbage": b"\x00\x01\x02 this is no HTTP\r\n\r\n",
        "/nothing": b"",
        "/bad-row": answer("200 OK", b"a,b\n1,2\n3\n"),
    }
    if path == "/500-twice":
        return answer("503 Service Unavailable") if count <= 2 else answer("200 OK", BODY)
    if path == "/429-once":
        return answer("429 Too Many Requests", b"", "Retry-After: 1") if count == 1 else answer("200 OK", BODY)
    if path == "/429-long":
        return answer("429 Too Many Requests", b"", "Retry-After: 3600")
    if path == "/drop-once":
        return b"" if count == 1 else answer("200 OK", BODY)
    if path == "/echo":
        return answer("200 OK", request)
    if path == "/silent":
        time.sleep(20)
    if path == "/stops":
        conn.sendall(answer("200 OK", BODY)[:3000])
        time.sleep(20)
    if path == "/drips":
        reply = answer("200 OK", BODY)
        for i in range(0, len(reply), 2000):
            conn.sendall(reply[i:i + 2000])
            time.sleep(0.2)
        return b""
    return replies.get(path, answer("404 Not Found"))


def serve(conn, log):
    try:
        request = b""
        while b"\r\n\r\n" not in request:
            piece = conn.recv(65536)
            if not piece:
                return
            request += piece
        line = request.split(b"\r\n")[0].decode("latin1")
        path = line.split(" ")[1].split("?")[0]
        with lock:
            seen[path] = count = seen.get(path, 0) + 1
            log.write(line + "\n")
            log.flush()
        conn.sendall(handle(conn, path, count, request))
        conn.shutdown(socket.SHUT_WR)
        while conn.recv(65536):
            pass
    except OSError:
        pass
    finally:
        conn.close()


def main():
    portfile = sys.argv[1]
    listener = socket.create_server(("127.0.0.1", 0))
    context = None
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2])
    log = open(portfile + ".log", "w")
    with open(portfile + ".new", "w") as f:
        f.write(str(listener.getsockname()[1]))
    os.rename(portfile + ".new", portfile)
    while True:
        conn, _ = listener.accept()
        conn.settimeout(30)

        def one(conn=conn):
            try:
                wrapped = context.wrap_socket(conn, server_side=True) if context else conn
            except OSError:
                conn.close()
                return
            serve(wrapped, log)

        threading.Thread(target=one, daemon=True).start()


main()
