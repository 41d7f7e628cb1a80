namespace FleetEstimator.Reports.Charts;

/// <summary>Charts about one thing, with the facts that go before them and the tables that follow: a page, a picture or text.</summary>
public sealed record ChartPage
{
    /// <summary>What it is about.</summary>
    public required string Title { get; init; }

    /// <summary>What kind of page it is, in a few words.</summary>
    public required string Kind { get; init; }

    /// <summary>Facts by name, the most important first.</summary>
    public required IReadOnlyList<(string Name, string Value)> Facts { get; init; }

    /// <summary>What must be known to read the charts right: one or two sentences each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The charts.</summary>
    public required IReadOnlyList<Chart> Charts { get; init; }

    /// <summary>Tables that no chart draws.</summary>
    public IReadOnlyList<(string Title, ChartTable Table)> Tables { get; init; } = [];
}
