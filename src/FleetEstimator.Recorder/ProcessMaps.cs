using System.Buffers.Text;
using System.Text;

namespace FleetEstimator.Recorder;

/// <summary>Pages [<paramref name="Start"/>, <paramref name="End"/>) of one VMA.</summary>
/// <param name="Start">First virtual page number.</param>
/// <param name="End">Virtual page number after the last one.</param>
internal readonly record struct PageRange(ulong Start, ulong End)
{
    internal ulong Pages => End - Start;

    /// <summary>The parts of <paramref name="ranges"/> that no range of <paramref name="others"/> holds. Both ascending and disjoint.</summary>
    internal static IEnumerable<PageRange> Difference(List<PageRange> ranges, List<PageRange> others)
    {
        var other = 0;
        foreach (var range in ranges)
        {
            var start = range.Start;
            while (other < others.Count && others[other].End <= start)
                other++;
            for (var next = other; start < range.End; next++)
            {
                if (next == others.Count || others[next].Start >= range.End)
                {
                    yield return new PageRange(start, range.End);
                    break;
                }

                if (others[next].Start > start)
                    yield return new PageRange(start, others[next].Start);
                start = Math.Max(start, others[next].End);
            }
        }
    }
}

/// <summary>A private anonymous VMA of /proc/PID/maps.</summary>
/// <param name="Range">Its pages.</param>
/// <param name="IsAccessible">Whether any of read, write and execute is allowed. Reservations (PROT_NONE) are not.</param>
internal readonly record struct AnonymousMapping(PageRange Range, bool IsAccessible);

/// <summary>Parses /proc/PID/maps (man 5 proc_pid_maps).</summary>
internal static class ProcessMaps
{
    /// <summary>Replaces the content of <paramref name="mappings"/> by the private anonymous VMAs of <paramref name="text"/>, in ascending order.</summary>
    /// <remarks>
    /// Private anonymous are VMAs without a file: heap, stack, anonymous and named anonymous ("[anon:…]") memory. Everything else that has a name is left out:
    /// files, shared memory, and what the kernel maps itself ([vdso], [vvar], [vsyscall], [uprobes]).
    /// </remarks>
    /// <exception cref="FormatException">A line does not look as Linux writes it.</exception>
    internal static void Parse(ReadOnlySpan<byte> text, int pageSize, List<AnonymousMapping> mappings)
    {
        mappings.Clear();
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)'\n');
            var line = end < 0 ? text : text[..end];
            text = end < 0 ? default : text[(end + 1)..];
            if (ParseLine(line, (ulong)pageSize) is { } mapping)
                mappings.Add(mapping);
        }
    }

    private static AnonymousMapping? ParseLine(ReadOnlySpan<byte> line, ulong pageSize)
    {
        // 7f2c8c000000-7f2c8c021000 rw-p 00000000 00:00 0                          [anon:name]
        var rest = line;
        if (!TakeHex(ref rest, (byte)'-', out var start) || !TakeHex(ref rest, (byte)' ', out var end) || rest.Length < 5 || rest[4] != ' ' || start >= end)
            throw Malformed(line);
        var permissions = rest[..4];
        rest = rest[5..];
        if (!TakeHex(ref rest, (byte)' ', out _) || rest.IndexOf((byte)' ') is not (> 0 and var device))
            throw Malformed(line);
        rest = rest[(device + 1)..];
        if (!Utf8Parser.TryParse(rest, out ulong inode, out var digits))
            throw Malformed(line);
        var name = rest[digits..].TrimStart((byte)' ');
        if (permissions[3] != 'p' || inode != 0 || !IsAnonymous(name))
            return null;
        return new AnonymousMapping(new PageRange(start / pageSize, end / pageSize), permissions.ContainsAnyExcept((byte)'-', (byte)'p'));
    }

    private static bool IsAnonymous(ReadOnlySpan<byte> name) =>
        name.IsEmpty || name.SequenceEqual("[heap]"u8) || name.StartsWith("[stack"u8) || name.StartsWith("[anon:"u8);

    private static bool TakeHex(ref ReadOnlySpan<byte> text, byte terminator, out ulong value)
    {
        if (!Utf8Parser.TryParse(text, out value, out var digits, 'x') || digits == text.Length || text[digits] != terminator)
            return false;
        text = text[(digits + 1)..];
        return true;
    }

    private static FormatException Malformed(ReadOnlySpan<byte> line) => new($"Not a line of /proc/PID/maps: {Encoding.UTF8.GetString(line)}");
}
