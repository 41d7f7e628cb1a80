namespace FleetEstimator.Estimation;

/// <summary>What a study with a <see cref="SimulationTarget"/> reached.</summary>
public sealed record SimulationOutcome
{
    /// <summary>Half the width asked for: as a share of the level for totals, as it is for shares.</summary>
    public required double HalfWidth { get; init; }

    /// <summary>The figures it was asked for, of the fleet, by metric and mechanism; those of which there is nothing are left out.</summary>
    public required IReadOnlyList<SimulationPrecision> Figures { get; init; }
}

/// <summary>How well one figure of the fleet is known.</summary>
/// <param name="Metric">Name of the metric.</param>
/// <param name="Mechanism">The mechanism.</param>
/// <param name="HalfWidth">Half the width of its simulation interval, as it was asked for; of two access assumptions, the greater. Null where it cannot be told.</param>
/// <param name="Reached">Whether that is as narrow as asked; if not, every node of the fleet was simulated, or nothing tells how narrow it is.</param>
/// <param name="LeftOut">Classes that are not in it, since each of their recordings is replayed by one node, so that none can be compared.</param>
/// <param name="Recordings">Recordings there are.</param>
/// <param name="RecordingsForWhole">
/// Recordings it would take for half the whole interval to be as narrow as asked too, if further ones differ as these do; null where that cannot be told, or beyond a million.
/// </param>
public sealed record SimulationPrecision(string Metric, string Mechanism, double? HalfWidth, bool Reached, IReadOnlyList<string> LeftOut, int Recordings, int? RecordingsForWhole);
