using System.Text.Json;

namespace FleetEstimator.Reports;

/// <summary>run.json: a <see cref="RunRecord"/> in the form of <see cref="ReportJson"/>.</summary>
public static class RunJson
{
    private static readonly ReportJsonContext Context = new(ResultJson.Options);

    /// <summary>Writes the record; the stream stays open.</summary>
    public static void Write(RunRecord record, Stream stream)
    {
        JsonSerializer.Serialize(stream, record, Context.RunRecord);
        stream.WriteByte((byte)'\n');
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is not a run.json; says where and why.</exception>
    public static RunRecord Read(Stream stream, string name = "run.json")
    {
        try
        {
            return JsonSerializer.Deserialize(stream, Context.RunRecord)!;
        }
        catch (JsonException exception)
        {
            throw ResultJson.NotReadable(name, exception);
        }
    }
}
