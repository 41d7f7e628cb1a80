using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using FleetEstimator.Estimation;

namespace FleetEstimator.Reports;

/// <summary>
/// report.json: a <see cref="StudyResult"/> with snake_case names, indented, UTF-8 without a byte order mark, with a line feed at the end. Equal results
/// give equal bytes: numbers are the shortest that read back as the same number, and nothing is added to the result.
/// </summary>
public static class ReportJson
{
    private static readonly ReportJsonContext Context = new(ResultJson.Options);

    /// <summary>Writes the result; the stream stays open.</summary>
    /// <exception cref="ArgumentException">A figure is NaN or infinite: an estimator's bug, not the user's data.</exception>
    public static void Write(StudyResult result, Stream stream)
    {
        JsonSerializer.Serialize(stream, result, Context.StudyResult);
        stream.WriteByte((byte)'\n');
    }

    /// <summary>Writes one backtest as it stands in a report; the stream stays open.</summary>
    public static void Write(RecordingBacktest backtest, Stream stream)
    {
        JsonSerializer.Serialize(stream, backtest, Context.RecordingBacktest);
        stream.WriteByte((byte)'\n');
    }

    /// <summary>Reads what <see cref="Write(StudyResult, Stream)"/> wrote. Members it does not know are skipped: a later program of the same schema may write more of them.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="name">What messages call the file.</param>
    /// <exception cref="InvalidDataException">It is not a report of schema <see cref="StudyResult.SchemaName"/>; says where and why.</exception>
    public static StudyResult Read(Stream stream, string name = "report.json")
    {
        try
        {
            using var document = JsonDocument.Parse(stream);
            RequireSchema(document.RootElement, StudyResult.SchemaName, name);
            return document.Deserialize(Context.StudyResult)!;
        }
        catch (JsonException exception)
        {
            throw ResultJson.NotReadable(name, exception);
        }
    }

    private static void RequireSchema(JsonElement root, string required, string name)
    {
        var schema = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("schema", out var member) && member.ValueKind == JsonValueKind.String
            ? member.GetString()
            : null;
        if (schema == required)
            return;
        throw new InvalidDataException(schema is null
            ? $"{name} is not a report of fleet-estimator: it has no member \"schema\"; give a report.json that `fleet-estimator run` wrote."
            : $"{name} has schema '{schema}', this program reads '{required}'; read it with the version that wrote it, or run the study again.");
    }
}

/// <summary>What the JSON files of a result have in common.</summary>
internal static class ResultJson
{
    /// <summary>
    /// Options of every file. Text is escaped only where JSON demands it, so that <c>linux-6.12+zero-pfn-swapin</c> and <c>µs/s</c> can be searched for;
    /// nothing embeds these files in a page, where that would matter.
    /// </summary>
    public static JsonSerializerOptions Options => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
    };

    /// <summary>The error of a file that is not JSON or lacks a member.</summary>
    public static InvalidDataException NotReadable(string name, JsonException exception) =>
        new($"{name} cannot be read: {exception.Message}", exception);
}

/// <summary>Generated readers and writers of the result, so that nothing is reflected at run time.</summary>
[JsonSerializable(typeof(StudyResult))]
[JsonSerializable(typeof(RunRecord))]
[JsonSerializable(typeof(RecordingBacktest))]
internal sealed partial class ReportJsonContext : JsonSerializerContext;
