using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>What every report says about how claims are judged.</summary>
internal static class ClaimText
{
    /// <summary>How a study's claims were judged, and at which levels.</summary>
    public static string HowJudged(StudyResult result)
    {
        var level = Percentage.ToText(result.Level);
        return result.Claims.Count == 1
            ? $"The claim is judged by its whole {level} interval: supported or refuted where it lies on one side of the threshold, undecided where it lies on both."
            : $"The {result.Claims.Count} claims are judged together (Holm 1979), so that at {level} no verdict among them is wrong: each by its whole interval, whose level is raised for their "
                + $"number to {Levels(result.Claims)}; supported or refuted where it lies on one side of the threshold, undecided where it lies on both.";
    }

    /// <summary>Of an undecided claim, how many recordings would decide it; otherwise nothing.</summary>
    public static string Needs(ClaimResult claim, string before) => claim.RecordingsToDecide is { } recordings
        ? $"{before}about {VerdictSentence.Counted(recordings, "recording")} in all would decide it if further ones differ as these {FigureFormat.Count(claim.Recordings)} do and the estimate stays"
        : "";

    /// <summary>The level of a claim's interval.</summary>
    public static string Level(ClaimResult claim) => $"{(100 * claim.Level).ToString("0.##", System.Globalization.CultureInfo.InvariantCulture)}%";

    private static string Levels(IReadOnlyList<ClaimResult> claims) =>
        (Level(claims.MinBy(claim => claim.Level)!), Level(claims.MaxBy(claim => claim.Level)!)) is var (least, most) && least == most ? least : $"between {least} and {most}";
}
