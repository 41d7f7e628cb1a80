namespace FleetEstimator.Estimation;

/// <summary>The classes of a study as strata, with what their simulated nodes came to.</summary>
internal static class Strata
{
    /// <summary>One stratum for each class, in the order of the study.</summary>
    public static IReadOnlyList<Stratum> Of(StudyDefinition study, FleetAccumulator nodes, SelectionWeights weights) => Of(study, [nodes], weights);

    /// <summary>
    /// The same for several replays of the same nodes, side by side: the mechanisms of the second follow those of the first, and so on. A recording that no node of some
    /// replay has is left out.
    /// </summary>
    public static IReadOnlyList<Stratum> Of(StudyDefinition study, IReadOnlyList<FleetAccumulator> replays, SelectionWeights weights) => [.. study.Classes.Select((@class, index) =>
    {
        var sums = replays.Select(replay => replay.Of(index).ToDictionary(entry => entry.Recording, entry => entry.Sums)).ToList();
        var recordings = sums[0].Keys.Where(recording => sums.TrueForAll(replay => replay.ContainsKey(recording))).Order().ToList();
        return new Stratum(
            @class.Name,
            @class.Nodes,
            [.. recordings.Select(recording => new RecordingMeans(recording, [.. sums.Select(replay => replay[recording])], study.Mechanisms.Count))],
            [.. recordings.Select(recording => weights.Of(index, recording))],
            @class.Frame,
            @class.Collapse);
    })];
}
