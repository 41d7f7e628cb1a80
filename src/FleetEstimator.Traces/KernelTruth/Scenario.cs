using System.Text.Json;

namespace FleetEstimator.Traces.KernelTruth;

/// <summary>A sequence of memory operations, and what real kernels did with it. Immutable.</summary>
public sealed record Scenario
{
    /// <summary>File it was read from, as the user gave it.</summary>
    public required string FilePath { get; init; }

    /// <summary>Line of the file, counted from 1.</summary>
    public required int Line { get; init; }

    /// <summary>Name, unique within its family.</summary>
    public required string Name { get; init; }

    /// <summary>The family: what it exercises, on which guest.</summary>
    public required string Family { get; init; }

    /// <summary>The settings of the machine.</summary>
    public required Guest Guest { get; init; }

    /// <summary>What is done, in order.</summary>
    public required IReadOnlyList<ScenarioOperation> Operations { get; init; }

    /// <summary>What each kernel that ran it did, by the kernel's name. Not every kernel ran every family.</summary>
    public required IReadOnlyDictionary<string, KernelRecord> Kernels { get; init; }

    /// <summary>Reads a file that holds one scenario a line; empty lines are skipped.</summary>
    /// <exception cref="ScenarioException">The file cannot be read, or a line is not a scenario.</exception>
    public static IReadOnlyList<Scenario> Load(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ScenarioException(path, null, null, $"the file cannot be read: {exception.Message}", "Give the path of a file of scenarios", exception);
        }

        var scenarios = new List<Scenario>(lines.Length);
        for (var index = 0; index < lines.Length; index++)
        {
            if (!string.IsNullOrWhiteSpace(lines[index]))
                scenarios.Add(Parse(lines[index], path, index + 1));
        }

        return scenarios;
    }

    /// <summary>Reads one scenario.</summary>
    /// <param name="json">The scenario, a JSON object.</param>
    /// <param name="filePath">Where it comes from, for messages.</param>
    /// <param name="line">Its line there, counted from 1.</param>
    /// <exception cref="ScenarioException">It is not a scenario.</exception>
    public static Scenario Parse(string json, string filePath, int line)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return new ScenarioJson(filePath, line).Read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The latter: a string whose escapes are half a character.
            throw new ScenarioException(filePath, line, null, $"the line is not JSON: {exception.Message.TrimEnd('.')}", ScenarioJson.Remedy, exception);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Family}/{Name}";
}
