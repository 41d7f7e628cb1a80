#!/usr/bin/env python3
"""sparse.py FILE > FILE.sparse.gz: a file with holes for git, which keeps none. JSON: its length and its data, as [offset, base64]."""
import base64, gzip, json, os, sys

descriptor = os.open(sys.argv[1], os.O_RDONLY)
length, position, data = os.fstat(descriptor).st_size, 0, []
while position < length:
    try:
        start = os.lseek(descriptor, position, os.SEEK_DATA)
    except OSError:
        break
    position = os.lseek(descriptor, start, os.SEEK_HOLE)
    data.append([start, base64.b64encode(os.pread(descriptor, position - start, start)).decode()])
sys.stdout.buffer.write(gzip.compress(json.dumps({'length': length, 'data': data}).encode(), 9, mtime=0))
