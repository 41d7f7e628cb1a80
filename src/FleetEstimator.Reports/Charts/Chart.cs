namespace FleetEstimator.Reports.Charts;

/// <summary>
/// A chart as data: what it shows, and every figure it draws as a table. <see cref="SvgChart"/> and <see cref="TextChart"/> draw it; neither knows what it is about.
/// </summary>
public abstract record Chart
{
    /// <summary>Unique in its page: lower-case letters, digits and hyphens.</summary>
    public required string Id { get; init; }

    /// <summary>What is shown, in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>What is shown of what, in which unit and by which denominator; one or two sentences.</summary>
    public required string Description { get; init; }

    /// <summary>Every figure drawn.</summary>
    public required ChartTable Table { get; init; }

    /// <summary>Why there is nothing to draw; null if there is.</summary>
    public string? Nothing { get; init; }
}

/// <summary>A table of text. The first column names the row.</summary>
/// <param name="Columns">Titles, each with its unit.</param>
/// <param name="Rows">As many cells each as there are columns.</param>
public sealed record ChartTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>A table without rows.</summary>
    public static ChartTable Empty { get; } = new([], []);
}

/// <summary>What an axis counts.</summary>
/// <param name="Name">Put behind the unit, such as <c>resident</c>.</param>
/// <param name="Measure">Decides about units and ticks.</param>
/// <param name="Logarithmic">Whether equal distances are equal factors; all values are then above 0.</param>
public sealed record ChartAxis(string Name, Measure Measure, bool Logarithmic = false);

/// <summary>Lines over a common axis.</summary>
public sealed record LineChart : Chart
{
    /// <summary>The horizontal axis.</summary>
    public required ChartAxis Across { get; init; }

    /// <summary>The vertical axis; it begins at 0.</summary>
    public required ChartAxis Up { get; init; }

    /// <summary>At most <see cref="Palette.LinesMax"/>; each has at least one point.</summary>
    public required IReadOnlyList<ChartLine> Lines { get; init; }
}

/// <summary>A line.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Points">In ascending order of X.</param>
public sealed record ChartLine(string Name, IReadOnlyList<ChartPoint> Points);

/// <summary>A point of a line.</summary>
/// <param name="X">Across.</param>
/// <param name="Y">Up.</param>
/// <param name="Range">What it varies between; drawn as a band.</param>
public readonly record struct ChartPoint(double X, double Y, (double Low, double High)? Range = null);

/// <summary>Quantities over time that add up, each from the end of one column to the end of the next, stacked.</summary>
public sealed record AreaChart : Chart
{
    /// <summary>The horizontal axis, from 0.</summary>
    public required ChartAxis Across { get; init; }

    /// <summary>The vertical axis, from 0.</summary>
    public required ChartAxis Up { get; init; }

    /// <summary>Where each column ends, ascending.</summary>
    public required IReadOnlyList<double> ColumnEnds { get; init; }

    /// <summary>From the lowest to the highest; at most <see cref="Palette.LayersMax"/>, each with a value for every column.</summary>
    public required IReadOnlyList<ChartLayer> Layers { get; init; }
}

/// <summary>A layer of a stack.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Values">One for each column, at least 0.</param>
public sealed record ChartLayer(string Name, IReadOnlyList<double> Values);

/// <summary>Shares by column and row, as shades.</summary>
public sealed record HeatChart : Chart
{
    /// <summary>The horizontal axis, from 0.</summary>
    public required ChartAxis Across { get; init; }

    /// <summary>Where each column ends, ascending.</summary>
    public required IReadOnlyList<double> ColumnEnds { get; init; }

    /// <summary>From top to bottom; each has a share from 0 to 1 for every column.</summary>
    public required IReadOnlyList<IReadOnlyList<double>> Rows { get; init; }

    /// <summary>What neighbouring rows belong to, from top to bottom; together all rows.</summary>
    public required IReadOnlyList<HeatBand> Bands { get; init; }

    /// <summary>What a full shade says.</summary>
    public required string Full { get; init; }
}

/// <summary>Neighbouring rows under one name.</summary>
/// <param name="Name">Shown beside them where there is room.</param>
/// <param name="Rows">How many.</param>
public sealed record HeatBand(string Name, int Rows);

/// <summary>Bars of one length, each divided into the same parts.</summary>
public sealed record ShareChart : Chart
{
    /// <summary>Names of the parts; at most <see cref="Palette.LayersMax"/>.</summary>
    public required IReadOnlyList<string> Parts { get; init; }

    /// <summary>The bars from top to bottom.</summary>
    public required IReadOnlyList<ShareBar> Bars { get; init; }
}

/// <summary>A bar.</summary>
/// <param name="Name">What is divided, with its size: the denominator.</param>
/// <param name="Shares">Of each part, from 0 to 1, 1 in all; empty if there is nothing to divide.</param>
public sealed record ShareBar(string Name, IReadOnlyList<double> Shares);

/// <summary>What colours and shapes there are. All tell apart without colour, too: by order, pattern, mark or shade.</summary>
public static class Palette
{
    /// <summary>Most lines of a chart.</summary>
    public const int LinesMax = 4;

    /// <summary>Most layers of a stack and parts of a bar.</summary>
    public const int LayersMax = 4;

    /// <summary>Shades of a heatmap above none.</summary>
    public const int Shades = 7;

    /// <summary>The shade of a share: 0 for 0, otherwise 1 to <see cref="Shades"/>.</summary>
    public static int ShadeOf(double share) => share <= 0 ? 0 : Math.Clamp((int)Math.Ceiling(share * Shades), 1, Shades);
}
