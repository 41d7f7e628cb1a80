using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace FleetEstimator.Cli;

/// <summary>Durations on the command line: a number and a unit, <c>ms</c>, <c>s</c>, <c>m</c> or <c>h</c>, as in <c>500ms</c> or <c>2s</c>; seconds without a unit.</summary>
internal static class DurationText
{
    // The longer unit first, so that ms is not read as s.
    private static readonly (string Unit, TimeSpan Length)[] _units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1)),
    ];

    /// <summary>The duration that <paramref name="text"/> says, positive and at most a year; null if it says none.</summary>
    internal static TimeSpan? TryParse(string text)
    {
        var (number, unit) = (text, TimeSpan.FromSeconds(1));
        foreach (var (name, length) in _units)
        {
            if (text.EndsWith(name, StringComparison.Ordinal))
            {
                (number, unit) = (text[..^name.Length], length);
                break;
            }
        }

        return decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
            && count * (decimal)unit.TotalDays is > 0 and <= 366
            ? TimeSpan.FromTicks((long)(count * unit.Ticks))
            : null;
    }

    /// <summary>An option that takes a duration and rejects everything else.</summary>
    internal static Option<TimeSpan?> Option(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "DURATION",
        CustomParser = result => Parse(name, result),
    };

    private static TimeSpan? Parse(string name, ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        if (TryParse(text) is { } duration)
            return duration;
        result.AddError($"{name} {text}: give a positive number and a unit, such as 500ms, 2s, 1m or 1h.");
        return null;
    }
}
