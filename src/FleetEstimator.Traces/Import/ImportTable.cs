using System.Globalization;

namespace FleetEstimator.Traces.Import;

/// <summary>Rows of named columns, read one after another.</summary>
internal abstract class ImportTable : IDisposable
{
    /// <summary>Names of the columns; without a header they are numbered from 1.</summary>
    public abstract IReadOnlyList<string> Columns { get; }

    /// <summary>What rows are called in messages.</summary>
    public abstract string RowUnit { get; }

    /// <summary>Number of the row read last.</summary>
    public abstract long RowNumber { get; }

    /// <summary>The header of the trace that was exported as this table; null if none was.</summary>
    public virtual TraceHeader? ExportedHeader => null;

    /// <summary>Says which columns will be asked for; before the first row.</summary>
    public virtual void Select(IReadOnlyList<int> columns)
    {
    }

    /// <summary>Goes to the next row; false at the end.</summary>
    public abstract bool Next();

    /// <summary>The value as a whole number; null if it is none. Numbers in text may be hexadecimal after 0x.</summary>
    public abstract ulong? Number(int column);

    /// <summary>The value as a time in nanoseconds, given those of its unit; null if it is none.</summary>
    public abstract ulong? Nanoseconds(int column, ulong unit);

    /// <summary>The value as text.</summary>
    public abstract string Text(int column);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>A whole number in text; 5.0 is one, as programs write it that keep columns with gaps as floating point.</summary>
    protected static ulong? NumberIn(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return ulong.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hexadecimal) ? hexadecimal : null;
        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return number;
        return decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var real) && decimal.IsInteger(real) && real <= ulong.MaxValue ? (ulong)real : null;
    }

    /// <summary>A time in text: a number of units, perhaps with a fraction, or a date and time after RFC 3339.</summary>
    protected static ulong? NanosecondsIn(ReadOnlySpan<char> text, ulong unit)
    {
        if (decimal.TryParse(text.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return number <= ulong.MaxValue / unit ? (ulong)(number * unit) : null;
        return text.Length >= 19 && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? NanosecondsOf(time) : null;
    }

    /// <summary>Nanoseconds since 1970; null before.</summary>
    protected static ulong? NanosecondsOf(DateTimeOffset time) => time < DateTimeOffset.UnixEpoch ? null : (ulong)(time - DateTimeOffset.UnixEpoch).Ticks * 100;
}
