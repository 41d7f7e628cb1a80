using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using FleetEstimator.Grains;
using FleetEstimator.Traces;

namespace FleetEstimator.Server.Api;

/// <summary>A study and how far it is, as the API tells it.</summary>
/// <param name="Id">64 hexadecimal digits.</param>
/// <param name="Name">What its file calls it.</param>
/// <param name="Phase">What it is doing.</param>
/// <param name="Submitted">When it was submitted first.</param>
/// <param name="Stage">The point of its sweep that is simulated; null for the study itself.</param>
/// <param name="Nodes">Nodes to simulate in this stage.</param>
/// <param name="Done">Nodes whose results are stored.</param>
/// <param name="Failed">Nodes that cannot be simulated.</param>
/// <param name="Running">Nodes handed out to silos and not ended.</param>
/// <param name="Simulated">Nodes simulated since the study was begun or gone on with, all stages.</param>
/// <param name="Problem">Why it cannot be ended; null unless it is broken.</param>
/// <param name="Coordinator">Name of the silo on which its coordinator is.</param>
public sealed record StudyView(
    string Id,
    string Name,
    StudyPhase Phase,
    DateTimeOffset Submitted,
    string? Stage,
    long Nodes,
    long Done,
    long Failed,
    long Running,
    long Simulated,
    string? Problem,
    string Coordinator)
{
    /// <summary>How far it is.</summary>
    [JsonIgnore]
    public StudyProgress Progress => new(Nodes, Done, Failed, Running) { Stage = Stage, Simulated = Simulated };

    /// <summary>That of a status.</summary>
    public static StudyView Of(StudyStatus status)
    {
        var (entry, progress) = (status.Entry, status.Progress);
        return new(
            entry.Id, entry.Name, entry.Phase, entry.Submitted, progress.Stage, progress.Nodes, progress.Done, progress.Failed, progress.Running, progress.Simulated, status.Problem, status.Coordinator);
    }
}

/// <summary>Why a request was refused: a problem by RFC 9457.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Kind">What it means for the program that asked.</param>
/// <param name="Title">The status in words.</param>
/// <param name="Detail">What is wrong and how to mend it, for people.</param>
/// <param name="Files">Of <see cref="ProblemKind.MissingFiles"/>: what to send, then submit again.</param>
public sealed record ApiProblem(int Status, ProblemKind Kind, string Title, string Detail, IReadOnlyList<SubmittedFile>? Files = null);

/// <summary>What a problem means for the program that asked.</summary>
public enum ProblemKind : byte
{
    /// <summary>Something else; see the detail.</summary>
    Failed,

    /// <summary>The study or the request is wrong.</summary>
    Study,

    /// <summary>A recording, or what should be one, is wrong.</summary>
    Recording,

    /// <summary>The cluster lacks files of the study.</summary>
    MissingFiles,

    /// <summary>There is no such study, file or place.</summary>
    NotFound,

    /// <summary>The study has not ended, so there is no report.</summary>
    NotEnded,

    /// <summary>It passes: silos, or what they need, come and go. Ask again, here or another silo.</summary>
    Unavailable,
}

/// <summary>How the API's records are written and read; submissions have a form of their own (<see cref="Grains.Submissions.StudySubmission"/>).</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    Converters = [typeof(SnakeCase<StudyPhase>), typeof(SnakeCase<ProblemKind>), typeof(SnakeCase<SubmittedKind>)],
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    MaxDepth = 8)]
[JsonSerializable(typeof(StudyView))]
[JsonSerializable(typeof(IReadOnlyList<StudyView>))]
[JsonSerializable(typeof(ApiProblem))]
public sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs: people read it, too.</summary>
    public static ApiJson Plain => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

internal sealed class SnakeCase<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
