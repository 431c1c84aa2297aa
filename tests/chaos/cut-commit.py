#!/usr/bin/env python3
"""A socket in front of a PostgreSQL server that loses the answer to a COMMIT.

    cut-commit.py LISTEN_FOLDER SERVER_SOCKET WORD [TIMES]

Listens as LISTEN_FOLDER/.s.PGSQL.5432.  Where a client has sent WORD in a transaction and then COMMIT, the
server gets the COMMIT, its answer is waited for, and the client gets the end of the connection instead: TIMES
times (1), then never again.  Each cut makes a line on stdout.
"""
import os
import select
import socket
import sys
import threading

folder, server, word = sys.argv[1], sys.argv[2], sys.argv[3].encode()
left = int(sys.argv[4]) if len(sys.argv) > 4 else 1
lock = threading.Lock()


def serve(client):
    global left
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(server)
    said = False
    while True:
        ready, _, _ = select.select([client, peer], [], [])
        for s in ready:
            data = s.recv(1 << 16)
            if not data:
                client.close()
                peer.close()
                return
            if s is peer:
                client.sendall(data)
                continue
            said = said or word in data
            peer.sendall(data)
            if said and b"COMMIT" in data:
                with lock:
                    cut = left > 0
                    left -= cut
                said = False
                if cut:
                    answer = b""
                    while b"COMMIT" not in answer:
                        answer += peer.recv(1 << 16)
                    print("cut", flush=True)
                    client.close()
                    peer.close()
                    return


path = os.path.join(folder, ".s.PGSQL.5432")
listen = socket.socket(socket.AF_UNIX)
listen.bind(path)
os.chmod(path, 0o777)
listen.listen(20)
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=(listen.accept()[0],), daemon=True).start()
