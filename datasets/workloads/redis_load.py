"""A web shop's use of Redis. redis_load.py PORT fill: loads the keyspace; redis_load.py PORT run RATE: that many requests a second."""
import json
import socket
import sys
import time

from words import Words

SESSIONS, FRAGMENTS, PRODUCTS = 90_000, 18_000, 40_000


def encode(*arguments):
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class Shop:
    def __init__(self, seed):
        self.words = Words(seed)
        self.random = self.words.random

    def session(self, number):
        cart = [{"sku": self.random.randrange(PRODUCTS), "n": self.random.randint(1, 3)} for _ in range(self.random.randint(0, 6))]
        return ["HSET", f"session:{number}", "user", self.random.randrange(500_000), "csrf", self.random.randbytes(16).hex(), "cart", json.dumps(cart),
                "agent", self.words.text(12), "seen", 1_700_000_000 + self.random.randrange(10_000_000)]

    def fragment(self, number):
        return ["SET", f"fragment:{number}", f"<section><h2>{self.words.text(5)}</h2><p>{self.words.text(self.random.randint(60, 900))}</p></section>"]

    def product(self, number):
        return ["SET", f"product:{number}", json.dumps({"id": number, "name": self.words.name(), "price": self.random.randint(99, 99_999),
                "tags": self.words.text(4).split(), "stock": self.random.randint(0, 500), "text": self.words.text(30)})]

    def fill(self):
        for number in range(PRODUCTS):
            yield self.product(number)
        for number in range(FRAGMENTS):
            yield self.fragment(number)
        for number in range(SESSIONS):
            yield self.session(number)
            yield ["EXPIRE", f"session:{number}", self.random.randint(20, 1800)]
        for number in range(30_000):
            yield ["ZADD", f"best:{number % 5}", self.random.random() * 1000, f"product:{self.random.randrange(PRODUCTS)}"]

    def request(self):
        """Nine of ten requests read; few keys are asked for often, most rarely."""
        kind = self.random.random()
        session = self.words.skewed(SESSIONS)
        if kind < 0.30:
            return [["HGETALL", f"session:{session}"]]
        if kind < 0.60:
            return [["GET", f"product:{self.words.skewed(PRODUCTS)}"]]
        if kind < 0.80:
            return [["GET", f"fragment:{self.words.skewed(FRAGMENTS)}"]]
        if kind < 0.88:
            return [["ZREVRANGE", f"best:{self.random.randrange(5)}", 0, 20]]
        if kind < 0.93:
            return [["HSET", f"session:{session}", "seen", self.random.randrange(2_000_000_000)], ["EXPIRE", f"session:{session}", 1800]]
        if kind < 0.96:
            return [self.session(session), ["EXPIRE", f"session:{session}", 1800]]
        if kind < 0.97:
            return [self.fragment(self.words.skewed(FRAGMENTS))]
        return [["INCR", f"rate:{self.random.randrange(20_000)}"], ["EXPIRE", f"rate:{self.random.randrange(20_000)}", 60]]


def send(connection, commands):
    """Sends commands in one go and reads until every reply is complete: PING's is known and comes last."""
    connection.sendall(b"".join(encode(*command) for command in commands) + encode("PING", "end-of-pipeline"))
    tail = b""
    while not tail.endswith(b"end-of-pipeline\r\n"):
        data = connection.recv(1 << 20)
        if not data:
            raise ConnectionError("the server closed the connection")
        tail = (tail + data)[-64:]


def main():
    port, mode = int(sys.argv[1]), sys.argv[2]
    shop = Shop(1 if mode == "fill" else 2)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        if mode == "fill":
            batch = []
            for command in shop.fill():
                batch.append(command)
                if len(batch) == 500:
                    send(connection, batch)
                    batch = []
            send(connection, batch)
            return
        rate, due = int(sys.argv[3]), time.monotonic()
        while True:
            send(connection, [command for _ in range(8) for command in shop.request()])
            due = max(due + 8 / rate, time.monotonic() - 1)
            time.sleep(max(0, due - time.monotonic()))


main()
