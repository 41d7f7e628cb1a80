using System.Buffers.Text;

namespace FleetEstimator.Traces.Import;

/// <summary>Takes fields off the front of a line, spaces between them skipped. What cannot be taken leaves the rest as it is.</summary>
internal ref struct TextFields(ReadOnlySpan<byte> line)
{
    /// <summary>What has not been taken yet.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = line;

    /// <summary>A word up to the next space; false at the end of the line.</summary>
    public bool Word(out ReadOnlySpan<byte> word)
    {
        SkipSpaces();
        var length = Rest.IndexOfAny((byte)' ', (byte)'\t');
        word = length < 0 ? Rest : Rest[..length];
        Rest = Rest[word.Length..];
        return !word.IsEmpty;
    }

    /// <summary>A decimal number.</summary>
    public bool Number(out ulong value)
    {
        SkipSpaces();
        if (!Utf8Parser.TryParse(Rest, out value, out var length))
            return false;
        Rest = Rest[length..];
        return true;
    }

    /// <summary>A decimal number, perhaps negative.</summary>
    public bool SignedNumber(out long value)
    {
        SkipSpaces();
        if (!Utf8Parser.TryParse(Rest, out value, out var length))
            return false;
        Rest = Rest[length..];
        return true;
    }

    /// <summary>A hexadecimal number, with or without 0x before it.</summary>
    public bool Hexadecimal(out ulong value)
    {
        SkipSpaces();
        var digits = Rest.StartsWith("0x"u8) ? Rest[2..] : Rest;
        if (!Utf8Parser.TryParse(digits, out value, out var length, 'x'))
            return false;
        Rest = digits[length..];
        return true;
    }

    /// <summary>A decimal number with a name before it, such as <c>target_id=</c>.</summary>
    public bool Named(ReadOnlySpan<byte> name, out ulong value)
    {
        value = 0;
        return Take(name) && Number(out value);
    }

    /// <summary>The text, if the rest begins with it.</summary>
    public bool Take(ReadOnlySpan<byte> text)
    {
        SkipSpaces();
        if (!Rest.StartsWith(text))
            return false;
        Rest = Rest[text.Length..];
        return true;
    }

    /// <summary>The character, if the rest begins with it.</summary>
    public bool Take(char character)
    {
        SkipSpaces();
        if (Rest.IsEmpty || Rest[0] != character)
            return false;
        Rest = Rest[1..];
        return true;
    }

    private void SkipSpaces() => Rest = Rest.TrimStart(" \t"u8);
}

/// <summary>The times of perf script.</summary>
internal static class PerfText
{
    /// <summary>The time that ends right before an event: <c>22749.025204:</c>, in nanoseconds.</summary>
    /// <param name="line">The line.</param>
    /// <param name="end">Where in it the event's name is found.</param>
    /// <param name="nanoseconds">The time.</param>
    public static bool TryTimeBefore(ReadOnlySpan<byte> line, int end, out ulong nanoseconds) => TryTimeBefore(line, end, out nanoseconds, out _);

    /// <summary>As the other, and where in the line the time begins.</summary>
    public static bool TryTimeBefore(ReadOnlySpan<byte> line, int end, out ulong nanoseconds, out int start)
    {
        (nanoseconds, start) = (0, 0);

        // The event may have its subsystem before it: damon:damon_aggregated.
        var before = line[..end];
        var lastSpace = before.LastIndexOfAny((byte)' ', (byte)'\t');
        before = (lastSpace < 0 ? [] : before[..lastSpace]).TrimEnd(" \t"u8);
        if (before.IsEmpty || before[^1] != ':')
            return false;
        before = before[..^1];
        start = before.LastIndexOfAny((byte)' ', (byte)'\t') + 1;
        return TryNanoseconds(before[start..], out nanoseconds);
    }

    /// <summary>Seconds with up to nine decimals.</summary>
    public static bool TryNanoseconds(ReadOnlySpan<byte> text, out ulong nanoseconds)
    {
        nanoseconds = 0;
        if (!Utf8Parser.TryParse(text, out ulong seconds, out var length) || seconds > 18_000_000_000)
            return false;
        var fraction = 0UL;
        if (length < text.Length)
        {
            var digits = text[(length + 1)..];
            if (text[length] != '.' || digits.Length is 0 or > 9 || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
                return false;
            foreach (var digit in digits)
                fraction = (fraction * 10) + (uint)(digit - '0');
            for (var missing = digits.Length; missing < 9; missing++)
                fraction *= 10;
        }

        nanoseconds = (seconds * 1_000_000_000) + fraction;
        return true;
    }
}
