using System.Xml.Linq;
using FleetEstimator.Estimation;
using static FleetEstimator.Reports.Html;

namespace FleetEstimator.Reports;

/// <summary>Figures as cells of tables: the figure with its unit, its interval below, and beside them whatever a reader must know of both.</summary>
internal static class FigureHtml
{
    /// <summary>A saving: baseline minus mechanism, tagged as saving or cost.</summary>
    public static XElement Saved(Estimate? difference, Remarks remarks) => difference?.Saved is { } saved
        ? Cell(saved, difference, format => format.Value(saved.Value), Tag(saved), difference.AllReads?.Negated(), difference.AllWrites?.Negated(), remarks)
        : Missing();

    /// <summary>What a mechanism takes in addition: mechanism minus baseline, with its sign.</summary>
    public static XElement Extra(Estimate? difference, Remarks remarks) => difference is null
        ? Missing()
        : Cell(Of(difference), difference, format => format.Extra(difference.Value), Tag(Of(difference).Negated()), difference.AllReads, difference.AllWrites, remarks);

    /// <summary>A level.</summary>
    public static XElement Level(Estimate? level, Remarks remarks) => level is null
        ? Missing()
        : Cell(Of(level), level, format => format.Value(level.Value), null, level.AllReads, level.AllWrites, remarks);

    /// <summary>A saving as a share of the baseline's level.</summary>
    public static XElement SavedShare(Estimate? difference)
    {
        if (difference?.SavedShare is not { Value: not null } share)
            return E("td", Class("figure"), E("span", Class("range"), "no share of nothing"));
        var text = Text(share, MetricUnit.One);
        return E("td", Class("figure"), E("span", Class("value"), text.Value), text.Range is null ? null : E("span", Class("range"), text.Range));
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

    private static XElement Cell(Interval figure, Estimate estimate, Func<FigureFormat, string> value, XElement? tag, Interval? reads, Interval? writes, Remarks remarks)
    {
        var format = FigureFormat.For(figure, estimate.Unit, Typography.Page);
        var bounds = reads is { Value: not null } && writes is { Value: not null }
            ? E("span", Class("note"), $"{format.Value(reads.Value)} if all loads, {format.Value(writes.Value)} if all stores")
            : null;
        return E(
            "td",
            Class("figure"),
            E("span", Class("value"), value(format)),
            tag,
            E("span", Class("range"), format.Range(figure) ?? "no interval", remarks.Mark(estimate.Reason ?? estimate.Note)),
            estimate.Components is { PageSampling: > 0 and var sampling } ? E("span", Class("note"), $"of which page sampling ±{Text(new Interval(sampling, null, null), estimate.Unit).Value}") : null,
            bounds);
    }
}
