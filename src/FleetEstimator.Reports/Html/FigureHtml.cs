using System.Xml.Linq;
using FleetEstimator.Estimation;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>Figures as cells of tables: the figure with its unit, its interval below, and beside them whatever a reader must know of both.</summary>
internal static class FigureHtml
{
    /// <summary>A saving: baseline minus mechanism, tagged as saving or cost.</summary>
    public static XElement Saved(Estimate? difference) => difference?.Saved is { } saved
        ? Cell(saved, difference, format => format.Value(saved.Value), Tag(saved), difference.AllReads?.Negated(), difference.AllWrites?.Negated())
        : Missing();

    /// <summary>What a mechanism takes in addition: mechanism minus baseline, with its sign.</summary>
    public static XElement Extra(Estimate? difference) => difference is null
        ? Missing()
        : Cell(Of(difference), difference, format => format.Extra(difference.Value), Tag(Of(difference).Negated()), difference.AllReads, difference.AllWrites);

    /// <summary>A level.</summary>
    public static XElement Level(Estimate? level) => level is null
        ? Missing()
        : Cell(Of(level), level, format => format.Value(level.Value), null, level.AllReads, level.AllWrites);

    /// <summary>A saving as a share of the baseline's level, which is named below it.</summary>
    public static XElement SavedShare(Estimate? difference, Estimate? baseline, string of)
    {
        if (difference?.SavedShare is not { Value: not null } share)
            return E("td", Class("figure"), E("span", Class("range"), baseline is { Value: 0 } ? "nothing to save" : "no share"));
        var text = FigureFormat.Text(share, MetricUnit.One, Typography.Page);
        var whole = baseline is null ? "" : " " + Text(Of(baseline), baseline.Unit).Value;
        return E(
            "td",
            Class("figure"),
            E("span", Class("value"), text.Value),
            E("span", Class("range"), text.Range ?? "no interval"),
            E("span", Class("note"), $"of{whole} {of}"));
    }

    /// <summary>The figure and interval of an estimate.</summary>
    public static Interval Of(Estimate estimate) => new(estimate.Value, estimate.Low, estimate.High);

    /// <summary>A figure and its interval for a page.</summary>
    public static FigureText Text(Interval figure, string unit) => FigureFormat.Text(figure, unit, Typography.Page);

    /// <summary>A word for what the interval says of a saving.</summary>
    public static XElement? Tag(Interval saved) => Savings.Kind(saved) switch
    {
        SavingKind.Saving => E("span", Class("tag saving"), "saving"),
        SavingKind.Cost => E("span", Class("tag cost"), "cost"),
        SavingKind.Unclear => E("span", Class("tag unclear"), "unclear"),
        SavingKind.None => E("span", Class("tag unclear"), "none"),
        _ => null,
    };

    private static XElement Missing() => E("td", Class("figure"), FigureFormat.NoFigure);

    private static XElement Cell(Interval figure, Estimate estimate, Func<FigureFormat, string> value, XElement? tag, Interval? reads, Interval? writes)
    {
        var format = FigureFormat.For(figure, estimate.Unit, Typography.Page);
        var bounds = reads is { Value: not null } && writes is { Value: not null }
            ? E("span", Class("note"), $"{format.Value(reads.Value)} if all unknown accesses are loads, {format.Value(writes.Value)} if stores")
            : null;
        return E(
            "td",
            Class("figure"),
            E("span", Class("value"), value(format)),
            tag,
            E("span", Class("range"), format.Range(figure) ?? $"no interval: {Sentences.Inside(estimate.Reason)}"),
            bounds,
            estimate.Note is null ? null : E("span", Class("note"), estimate.Note));
    }
}
