using System.Globalization;
using System.Text.Json;
using FleetEstimator.Server.Api;

namespace FleetEstimator.Cli.Cluster;

/// <summary>Studies in a cluster as people and programs read them.</summary>
internal static class StudyText
{
    private const int ShortDigits = 12;

    private static readonly ApiJson Json = new(new JsonSerializerOptions(ApiJson.Plain.Options) { WriteIndented = true });

    /// <summary>The beginning of a study's id, enough to name it.</summary>
    public static string Short(string id) => id[..ShortDigits];

    /// <summary>Several, one a line.</summary>
    public static string List(IReadOnlyList<StudyView> studies)
    {
        var table = new ColumnText(("id", false), ("study", false), ("phase", false), ("nodes done", true), ("of", true), ("failed", true), ("submitted (UTC)", false), ("at", false));
        foreach (var study in studies)
        {
            table.Row(
                Short(study.Id), study.Name, study.Phase.ToString().ToLowerInvariant(), Number(study.Done), Number(study.Nodes), Number(study.Failed),
                study.Submitted.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture), study.Problem ?? study.Stage ?? "");
        }

        return table.ToString();
    }

    /// <summary>One, in a sentence.</summary>
    public static string Line(StudyView study) =>
        $"{Short(study.Id)} {study.Name}: {study.Phase.ToString().ToLowerInvariant()}, {Number(study.Done)} of {Number(study.Nodes)} nodes done, {Number(study.Failed)} failed{(study.Stage is { } stage ? $" at {stage}" : "")}";

    /// <summary>As JSON.</summary>
    public static string ToJson(IReadOnlyList<StudyView> studies) => JsonSerializer.Serialize(studies, Json.IReadOnlyListStudyView);

    /// <summary>As JSON.</summary>
    public static string ToJson(StudyView study) => JsonSerializer.Serialize(study, Json.StudyView);

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
