"""Private anonymous memory with skewed accesses. skewed_pages.py MIB RATE: fills MIB MiB, a quarter of the pages with zeros, then accesses RATE pages a second, three of ten by a store."""
import mmap
import random
import sys
import time

PAGE = mmap.PAGESIZE


def main(mebibytes, rate):
    pages = mebibytes * (1 << 20) // PAGE
    memory = mmap.mmap(-1, pages * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    chance = random.Random(1)
    block = chance.randbytes(PAGE)
    for page in range(pages):
        memory[page * PAGE:(page + 1) * PAGE] = bytes(PAGE) if page % 4 == 0 else page.to_bytes(8, "little") + block[8:]
    print("filled", flush=True)
    begin, done = time.monotonic(), 0
    while True:
        # Neighbours are about equally popular, as objects of one age are.
        page = int(pages * chance.random() ** 3)
        if chance.random() < 0.7:
            memory[page * PAGE]
        elif page % 4 == 0:
            memory[page * PAGE] = 0
        else:
            memory[page * PAGE + 16] = chance.randrange(256)
        done += 1
        if done % 100 == 0:
            time.sleep(max(0, begin + done / rate - time.monotonic()))


main(int(sys.argv[1]), int(sys.argv[2]))
