using System.Text.Json;
using FleetEstimator.Estimation;

namespace FleetEstimator.Cli.Sampling;

/// <summary>The variation between recordings that an earlier study saw, from the intervals in its report.json.</summary>
internal static class ReportFigures
{
    private const string Schema = "fleet-estimator.report/1";

    /// <summary>Each class of the frame as the study saw it; classes that it did not have are not in the result.</summary>
    /// <param name="path">report.json, or the folder it lies in.</param>
    /// <param name="frame">Classes and their nodes today.</param>
    /// <param name="metric">A metric that is a total.</param>
    /// <param name="mechanism">A mechanism of the study.</param>
    /// <param name="against">The mechanism it is compared with; null for its level.</param>
    /// <exception cref="InventoryException">It is not a report, or has no such figure.</exception>
    public static IReadOnlyList<PlannedClass> Read(string path, IReadOnlyList<(string Class, long Nodes)> frame, string metric, string mechanism, string? against)
    {
        var file = Directory.Exists(path) ? Path.Combine(path, "report.json") : path;
        try
        {
            using var report = JsonDocument.Parse(File.ReadAllBytes(file));
            var root = report.RootElement;
            if (root.GetProperty("schema").GetString() != Schema)
                throw new InventoryException(file, null, "schema", $"this is not a {Schema}", "give the report.json of a study");
            var nodes = root.GetProperty("classes").EnumerateArray().ToDictionary(@class => @class.GetProperty("name").GetString()!, @class => @class.GetProperty("nodes").GetInt64(), StringComparer.Ordinal);
            var estimates = root.GetProperty("estimates").EnumerateArray()
                .Where(estimate => Text(estimate, "metric") == metric && Text(estimate, "mechanism") == mechanism && Text(estimate, "against") == against)
                .ToDictionary(estimate => Text(estimate, "scope")!, StringComparer.Ordinal);
            var seen = frame.Where(planned => estimates.ContainsKey($"class:{planned.Class}") && nodes.ContainsKey(planned.Class))
                .Select(planned => Planned(planned, nodes[planned.Class], estimates[$"class:{planned.Class}"])).OfType<PlannedClass>().ToList();
            return seen.Count > 0 ? seen : throw new InventoryException(
                file, null, null, $"it has no estimate of {metric} under {mechanism}{(against is null ? "" : $" against {against}")} for any class of the inventory",
                "name a metric and mechanisms of that study; classes must have the same names");
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new InventoryException(file, null, null, $"the report cannot be read: {exception.Message.TrimEnd('.')}", "give the report.json of a study, or its folder", exception);
        }
    }

    private static PlannedClass? Planned((string Class, long Nodes) planned, long studyNodes, JsonElement estimate)
    {
        if (Number(estimate, "estimate") is not { } value || studyNodes < 1)
            return null;

        // An end may have been cut off where the figure cannot go on; the other has not.
        var (low, high) = (Number(estimate, "low"), Number(estimate, "high"));
        var half = low is null || high is null ? (double?)null : Math.Max(value - low.Value, high.Value - value);
        return SeenVariation.OfInterval(planned.Class, studyNodes, planned.Nodes, value, half, Number(estimate, "level") ?? 0.95, estimate.GetProperty("recordings").GetInt32());
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static double? Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
