using System.Text.Json;
using System.Text.Json.Serialization;
using FleetEstimator.Estimation;
using FleetEstimator.Traces;

namespace FleetEstimator.Grains.Submissions;

/// <summary>
/// A study on its way to a cluster: texts, and which files are meant by the patterns of its recordings. The files themselves go before it, those that the cluster lacks
/// (<see cref="SubmittedFiles"/>). The cluster takes nothing else from it than names: it reads the study, and its own copies of the recordings, anew.
/// </summary>
public sealed record StudySubmission
{
    /// <summary>The study.</summary>
    public required StudyFile Study { get; init; }

    /// <summary>For each pattern among the recordings of the study's classes what it matches; null: traces of the cluster's own trace store.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<SubmittedRecording>?> Recordings { get; init; }

    /// <summary>The files that the cluster must have, each once.</summary>
    [JsonIgnore]
    public IReadOnlyList<SubmittedFile> Files =>
        [.. Recordings.Values.OfType<IReadOnlyList<SubmittedRecording>>().SelectMany(recordings => recordings).SelectMany(recording => recording.Files).DistinctBy(file => (file.Kind, file.Digest))];

    /// <summary>Finds, reads and validates the recordings of a study on the machine of its user.</summary>
    /// <exception cref="StudyException">As of <see cref="StudyFile.Read"/> and <see cref="StudyFile.Plan"/>.</exception>
    /// <exception cref="TraceException">As of <see cref="StudyFile.Plan"/>. Nothing that depends on traces of the cluster's store is checked here.</exception>
    public static StudySubmission Make(StudyFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var study = file.Read();
        var patterns = StudyPlan.PatternsOf(study);
        var here = patterns.Where(pattern => StorePattern.Parse(pattern)?.IsIn(file.Folder) != false).ToList();
        var found = here.Count == 0 ? null : RecordingSet.Find(file.Folder, here);
        if (here.Count == patterns.Count)
            file.Plan(study, found!);
        return new()
        {
            Study = file,
            Recordings = patterns.ToDictionary(
                pattern => pattern,
                IReadOnlyList<SubmittedRecording>? (pattern) => here.Contains(pattern) ? [.. found!.Matched(pattern).Select(SubmittedRecording.Of)] : null,
                StringComparer.Ordinal),
        };
    }

    /// <summary>Makes the study concrete where it is simulated: the plan that <see cref="StudyFile.Plan"/> makes of the same files where they come from.</summary>
    /// <param name="files">What was submitted, and the trace store.</param>
    /// <exception cref="StudyException">The study is not acceptable, or the submission says not what a pattern of it matches.</exception>
    /// <exception cref="TraceException">A file is not there (see <see cref="SubmittedFiles.Missing"/>) or not usable, or a claim asks more than a recording can say.</exception>
    public StudyPlan Plan(SubmittedFiles files)
    {
        ArgumentNullException.ThrowIfNull(files);
        var study = Study.Read();
        var read = new Dictionary<SubmittedRecording, TraceFile>();
        return Study.Plan(study, RecordingSet.Of(StudyPlan.PatternsOf(study).ToDictionary(pattern => pattern, Matched, StringComparer.Ordinal)));

        IReadOnlyList<TraceFile> Matched(string pattern)
        {
            if (!Recordings.TryGetValue(pattern, out var recordings))
                throw Wrong(pattern);
            if (recordings is null)
                return StorePattern.Parse(pattern)?.Find(files.Store, pattern) ?? throw Wrong(pattern);
            return recordings.Count > 0 ? [.. recordings.Select(Read)] : throw Wrong(pattern);
        }

        TraceFile Read(SubmittedRecording recording)
        {
            if (!read.TryGetValue(recording, out var file))
                read.Add(recording, file = files.Read(recording.Trace, recording.Counters));
            return file;
        }
    }

    /// <summary>Writes it as JSON.</summary>
    public Task Write(Stream json, CancellationToken cancellation) => JsonSerializer.SerializeAsync(json, this, SubmissionJson.Default.StudySubmission, cancellation);

    /// <summary>Reads it from JSON.</summary>
    /// <exception cref="StudyException">It is not such JSON.</exception>
    public static async Task<StudySubmission> Read(Stream json, CancellationToken cancellation)
    {
        try
        {
            // Of what lists and dictionaries hold the serializer does not require that it is there.
            return await JsonSerializer.DeserializeAsync(json, SubmissionJson.Default.StudySubmission, cancellation) is { } submission
                && submission.Recordings.Values.All(recordings => recordings?.Contains(null!) != true)
                ? submission
                : throw NotUnderstood("recordings", "null stands where a value must");
        }
        catch (JsonException exception)
        {
            throw NotUnderstood(exception.Path ?? "", exception.Message.TrimEnd('.'));
        }
    }

    private StudyException Wrong(string pattern) => StudyFile.Wrong(
        Study.Path, "recordings", $"the submission does not say which files {pattern} matches", "submit the study with fleet-estimator run --cluster");

    private static StudyException NotUnderstood(string field, string problem) => StudyFile.Wrong(
        "submission", field, problem, "use the same version of fleet-estimator here and in the cluster");
}

/// <summary>A file that a pattern matches on the machine of a study's user.</summary>
/// <param name="Path">Where it is there; decides the order of files recorded at the same time, and is told in messages.</param>
/// <param name="Digest">SHA-256 of its bytes.</param>
/// <param name="CountersPath">Where its counters are there; null if there are none.</param>
/// <param name="CountersDigest">SHA-256 of their bytes; null if there are none.</param>
public sealed record SubmittedRecording(string Path, string Digest, string? CountersPath = null, string? CountersDigest = null)
{
    /// <summary>The trace.</summary>
    [JsonIgnore]
    public SubmittedFile Trace => new(SubmittedKind.Trace, Path, Digest);

    /// <summary>Its counters, or null.</summary>
    [JsonIgnore]
    public SubmittedFile? Counters => CountersDigest is null ? null : new(SubmittedKind.Counters, CountersPath ?? Path, CountersDigest);

    /// <summary>Both.</summary>
    [JsonIgnore]
    public IEnumerable<SubmittedFile> Files => Counters is { } counters ? [Trace, counters] : [Trace];

    /// <summary>That of a file that was found.</summary>
    public static SubmittedRecording Of(TraceFile file) => new(file.Path, file.Digest, file.CountersPath, file.CountersDigest);
}

/// <summary>How submissions are written and read.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    MaxDepth = 8)]
[JsonSerializable(typeof(StudySubmission))]
internal sealed partial class SubmissionJson : JsonSerializerContext;
