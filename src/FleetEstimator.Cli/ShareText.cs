using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace FleetEstimator.Cli;

/// <summary>Shares on the command line: a percentage such as <c>1%</c>, or a fraction such as <c>0.01</c>.</summary>
internal static class ShareText
{
    /// <summary>The share that <paramref name="text"/> says, above 0 and up to 1; null if it says none.</summary>
    internal static double? TryParse(string text)
    {
        var isPercentage = text.EndsWith('%');
        return double.TryParse(isPercentage ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number / (isPercentage ? 100 : 1) is > 0 and <= 1 and var share
            ? share
            : null;
    }

    /// <summary>An option that takes a share and rejects everything else.</summary>
    internal static Option<double?> Option(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SHARE",
        CustomParser = result => Parse(name, result),
    };

    /// <summary>An option that takes a percentage, or <c>none</c>, which is infinity.</summary>
    internal static Option<double> OptionOrNone(string name, double otherwise, string description) => new(name)
    {
        Description = description,
        HelpName = "PERCENTAGE|none",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result => result.Tokens[^1].Value == "none" ? double.PositiveInfinity : ParsePercentage(name, otherwise, result),
    };

    private static double? Parse(string name, ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        if (TryParse(text) is { } share)
            return share;
        result.AddError($"{name} {text}: give a percentage above 0% and up to 100%, such as 10%, or a fraction, such as 0.1.");
        return null;
    }

    private static double ParsePercentage(string name, double otherwise, ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        // Without the sign, 1 could be one percent or all.
        if (text.EndsWith('%') && TryParse(text) is { } share)
            return share;
        result.AddError($"{name} {text}: give a percentage above 0% and up to 100%, such as 1%, or none.");
        return otherwise;
    }
}
