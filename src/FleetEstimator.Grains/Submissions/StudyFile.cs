using System.Text.Json.Serialization;
using FleetEstimator.Estimation;
using FleetEstimator.Grains.Simulation;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains.Submissions;

/// <summary>
/// A study as its user wrote it: the text of its file and of those it refers to, and what the command line sets over it. What a study is read from and checked by, on the
/// user's machine as on one that it was submitted to.
/// </summary>
public sealed record StudyFile
{
    /// <summary>The file as the user named it; on another machine only for messages.</summary>
    public required string Path { get; init; }

    /// <summary>Its text.</summary>
    public required string Text { get; init; }

    /// <summary>The texts of the cost files that it names, by the name it writes.</summary>
    public IReadOnlyDictionary<string, string> CostFiles { get; init; } = new Dictionary<string, string>();

    /// <summary>The seed to use in place of the study's; null = the study's.</summary>
    public ulong? Seed { get; init; }

    /// <summary>The cost file to use in place of the study's costs; null = the study's.</summary>
    public CostFile? Costs { get; init; }

    /// <summary>The folder that its recordings and cost files are relative to, on the machine of its user.</summary>
    [JsonIgnore]
    public string Folder => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!;

    /// <summary>Reads a study file and those it refers to.</summary>
    /// <param name="path">The study.</param>
    /// <param name="seed">The seed that the user gives, or null.</param>
    /// <param name="costsPath">The cost file that the user gives, or null.</param>
    /// <exception cref="StudyException">A file cannot be read, or the study is not acceptable.</exception>
    public static StudyFile Open(string path, ulong? seed, string? costsPath)
    {
        var costFiles = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var file = new StudyFile { Path = path, Text = ReadText(path, "study"), CostFiles = costFiles, Seed = seed };
        StudyReader.Read(file.Text, path, name => costFiles[name] = File.ReadAllText(System.IO.Path.Combine(file.Folder, name)));
        return file with { Costs = costsPath is null ? null : new CostFile(costsPath, ReadText(costsPath, "cost")) };
    }

    /// <summary>The study, with what is set over it.</summary>
    /// <exception cref="StudyException">The study, or a cost file, is not acceptable; holds all errors found.</exception>
    public StudyDefinition Read()
    {
        var study = StudyReader.Read(Text, Path, name => CostFiles.GetValueOrDefault(name) ?? throw new FileNotFoundException("it was not sent with the study"));
        RefuseSwept(study, "seed", "--seed", Seed is not null);
        RefuseSwept(study, "costs", "--costs", Costs is not null);
        return study.With(Seed, Costs is { } costs ? CostReader.Read(costs.Text, costs.Path) : null);
    }

    /// <summary>The study made concrete.</summary>
    /// <param name="study">What <see cref="Read"/> gave.</param>
    /// <param name="recordings">What the patterns of its classes match.</param>
    /// <exception cref="StudyException">As of <see cref="StudyPlan.Make(StudyDefinition, RecordingSet)"/>, or the warm-up leaves nothing of a recording to measure.</exception>
    /// <exception cref="TraceException">As of <see cref="StudyPlan.Make(StudyDefinition, RecordingSet)"/>.</exception>
    public StudyPlan Plan(StudyDefinition study, RecordingSet recordings)
    {
        var plan = StudyPlan.Make(study, recordings);
        foreach (var part in study.Sweep.Select(plan.Of).Prepend(plan))
            RequireMeasuredPeriod(part);
        return plan;
    }

    private void RefuseSwept(StudyDefinition study, string parameter, string option, bool isGiven)
    {
        if (isGiven && study.Sweep.Any(point => point.Parameter == parameter || point.Parameter.StartsWith(parameter + ".", StringComparison.Ordinal)))
        {
            throw Wrong(Path, parameter,
                $"the study sweeps over {parameter}, and {option} gives one value for all of it", $"leave {option} out, or give {parameter} one value in the study");
        }
    }

    private void RequireMeasuredPeriod(StudyPlan plan)
    {
        foreach (var recording in plan.Recordings)
        {
            var duration = NodeSimulation.Duration(plan.Study, recording.Files.Sum(file => (long)file.DurationMicroseconds));
            if (plan.Study.WarmUp.Of(duration) >= duration)
            {
                throw Wrong(Path, "warm_up",
                    $"warm-up takes {plan.Study.WarmUp}, but nodes that replay {recording.Node} are simulated for {Period.ToText(duration)} only",
                    "give a shorter warm_up, or a longer duration");
            }
        }
    }

    private static string ReadText(string path, string kind)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Wrong(path, "", $"the {kind} file cannot be read: {exception.Message}", $"give the path of a {kind} file");
        }
    }

    internal static StudyException Wrong(string path, string field, string problem, string remedy) => new([new StudyError(path, 1, 1, field, problem, remedy)]);
}

/// <summary>A cost file.</summary>
/// <param name="Path">As the user named it.</param>
/// <param name="Text">Its text.</param>
public sealed record CostFile(string Path, string Text);
