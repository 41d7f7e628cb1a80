using System.Buffers.Binary;
using System.Globalization;
using FleetEstimator.Paging;

namespace FleetEstimator.Traces.Import;

/// <summary>
/// Memory traces of the UMass Trace Repository (Memory Buddies, 2008): text about the machine and its processes, then a 32-bit hash of each page of its
/// memory, sometimes a Bloom filter after them. Which pages were filled with zeros shows in their common hash.
/// </summary>
internal sealed class HashListImporter : Importer
{
    // The longest header looked for; processes of a server fill some tens of KiB.
    private const int HeaderBytesMax = 4 << 20;

    /// <inheritdoc/>
    public override string Format => "umass-hashes";

    /// <inheritdoc/>
    public override string Description => "A UMass memory trace: a text header, then a 32-bit hash of each page of a machine's memory.";

    /// <inheritdoc/>
    public override IReadOnlyList<Capability> Capabilities => [Capability.ContentKnown];

    /// <inheritdoc/>
    public override IReadOnlyList<ImportOption> Options =>
    [
        new("hashes-at", "BYTE", "Where the hashes begin; default: after the last line of text."),
        new("pages", "N", "How many hashes there are; default: all to the end of the file. Needed where a Bloom filter follows them."),
        new("zero-hash", "HEX", "Hash of a page of zeros; default: SuperFastHash of 4096 zeros."),
    ];

    /// <inheritdoc/>
    internal override void Import(ImportJob job)
    {
        if (!job.File.Stream.CanSeek)
            throw job.Wrong("a pipe cannot be sought", "Give the trace as a file");
        var length = job.File.Stream.Length;
        var start = job.Options.Has("hashes-at") ? job.Options.Whole("hashes-at", 0, 0, length) : HeaderBytes(job);
        var most = (length - start) / 4;
        var pages = job.Options.Whole("pages", most, 1, Math.Max(1, most));
        if (pages > most || most == 0)
            throw job.Wrong($"byte {start}", null, "there are no hashes after the header", "Say where they begin with --hashes-at");
        if (!job.Options.Has("pages") && (length - start) % 4 != 0)
            throw job.Wrong($"byte {start}", null, $"the {length - start} bytes from there on are no list of 32-bit hashes", "Say where they begin with --hashes-at, and how many there are with --pages");
        var zero = ZeroHash(job);
        var hashes = new Hashes(job.File, start, pages);
        CheckZeroHash(job, hashes, zero);

        var trace = job.BeginTrace(Capability.ContentKnown, "snapshot", new NodeFacts { MemoryBytes = pages * job.PageSize });
        trace.Map(0, 0, 0, (ulong)pages);
        long zeros = 0;
        ulong page = 0;
        foreach (var hash in hashes)
        {
            zeros += hash == zero ? 1 : 0;
            trace.Add(0, OperationKind.Observe, 0, page++, 1, hash == zero ? PageContent.Zero : PageContent.Data);
        }

        job.Note($"{pages:N0} hashes from byte {start} on; {zeros:N0} pages ({(double)zeros / pages:P1}) have the hash {zero:x8} of zeros. A hash of 32 bits may be that of other pages, too");
        job.Note("it is all memory of the machine as one process: its kernel, page cache and free pages, not only private anonymous memory; pages of one repeated word count as data");
    }

    private static uint ZeroHash(ImportJob job)
    {
        if (job.Options.Text("zero-hash") is not { } text)
            return SuperFastHash(new byte[job.PageSize]);
        var digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        return uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hash) ? hash : throw ImportOptions.Wrong("zero-hash", $"\"{text}\" is not a hash of 32 bits", "Give up to 8 hexadecimal digits");
    }

    // A machine without a single page of zeros is less likely than hashes that were read wrongly.
    private static void CheckZeroHash(ImportJob job, Hashes hashes, uint zero)
    {
        var counts = new Dictionary<uint, int>();
        foreach (var hash in hashes)
        {
            if (hash == zero)
                return;
            if (counts.Count < job.Limits.ItemsMax || counts.ContainsKey(hash))
                counts[hash] = counts.GetValueOrDefault(hash) + 1;
        }

        var (most, count) = counts.MaxBy(pair => pair.Value);
        throw job.Wrong(
            $"no page has the hash {zero:x8} of a page of zeros; the most frequent is {most:x8} ({count} pages)",
            "If that is the page of zeros, give --zero-hash; if the hashes begin elsewhere, --hashes-at");
    }

    /// <summary>Bytes up to the end of the last line before the first byte that is no text.</summary>
    private static long HeaderBytes(ImportJob job)
    {
        var buffer = new byte[Math.Min(HeaderBytesMax, job.File.Stream.Length)];
        var head = buffer.AsSpan(0, job.File.ReadAt(0, buffer));
        var text = 0;
        while (text < head.Length && head[text] is (>= 0x20 and < 0x7F) or (byte)'\n' or (byte)'\r' or (byte)'\t')
            text++;
        var lines = head[..text].LastIndexOf((byte)'\n') + 1;
        return lines > 0 ? lines : throw job.Wrong("byte 0", null, "there is no line of text at its begin", "Say where the hashes begin with --hashes-at 0, or give a UMass memory trace");
    }

    /// <summary>Paul Hsieh's SuperFastHash, for lengths that are multiples of 4.</summary>
    internal static uint SuperFastHash(ReadOnlySpan<byte> data)
    {
        var hash = (uint)data.Length;
        for (; data.Length >= 4; data = data[4..])
        {
            hash += BinaryPrimitives.ReadUInt16LittleEndian(data);
            hash = (hash << 16) ^ (((uint)BinaryPrimitives.ReadUInt16LittleEndian(data[2..]) << 11) ^ hash);
            hash += hash >> 11;
        }

        hash ^= hash << 3;
        hash += hash >> 5;
        hash ^= hash << 4;
        hash += hash >> 17;
        hash ^= hash << 25;
        return hash + (hash >> 6);
    }

    /// <summary>The hashes of a file, little-endian as the machines were.</summary>
    private sealed class Hashes(ImportFile file, long start, long count) : IEnumerable<uint>
    {
        public IEnumerator<uint> GetEnumerator()
        {
            var buffer = new byte[1 << 16];
            for (long done = 0; done < count;)
            {
                var bytes = (int)Math.Min(buffer.Length, (count - done) * 4);
                if (file.ReadAt(start + (done * 4), buffer.AsSpan(0, bytes)) < bytes)
                    throw new EndOfStreamException("the file ends within its hashes");
                for (var at = 0; at < bytes; at += 4)
                    yield return BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(at));
                done += bytes / 4;
            }
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
