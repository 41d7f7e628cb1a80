using System.Text.Json.Serialization;
using FleetEstimator.Recorder;

namespace FleetEstimator.Cli;

/// <summary>The summary as <c>record --json</c> prints it: times in seconds, shares with their denominator.</summary>
internal sealed record RecordSummaryJson(
    string Output,
    string Node,
    string AccessSource,
    RecordingEnd End,
    string? OutputFailure,
    long Rows,
    long CounterSamples,
    long Scans,
    long ScansStretched,
    long ScansSkipped,
    long Processes,
    long ProcessesDenied,
    double DurationSeconds,
    double SamplingFraction,
    long ResidentBytesPeak,
    long ResidentOrSwappedBytesPeak,
    double? ZeroShareOfResidentPages,
    double? RepeatedShareOfResidentPages,
    double? DataShareOfResidentPages,
    PageTally PageSightings,
    double LongestScanSeconds,
    double ScanTimeSeconds,
    double? CpuBudgetShareOfOneCore,
    double? RecorderCpuShareOfOneCore,
    double RecorderCpuSeconds,
    double StartCpuSeconds,
    bool StartCounts,
    double CompilationSeconds,
    int? CommandExitCode)
{
    public static RecordSummaryJson From(RecordingSummary summary) => new(
        summary.Output,
        summary.Node,
        summary.AccessSource,
        summary.End,
        summary.OutputFailure,
        summary.Rows,
        summary.CounterSamples,
        summary.Scans,
        summary.ScansStretched,
        summary.ScansSkipped,
        summary.Processes,
        summary.ProcessesDenied,
        summary.Duration.TotalSeconds,
        summary.SamplingFraction,
        summary.ResidentBytesPeak,
        summary.ResidentOrSwappedBytesPeak,
        summary.ZeroShareOfResidentPages,
        summary.RepeatedShareOfResidentPages,
        summary.DataShareOfResidentPages,
        summary.PageSightings,
        summary.LongestScan.TotalSeconds,
        summary.ScanTime.TotalSeconds,
        summary.CpuBudget,
        summary.RecorderCpuShare,
        summary.RecorderCpuTime.TotalSeconds,
        summary.StartCpuTime.TotalSeconds,
        summary.StartCounts,
        summary.CompilationTime.TotalSeconds,
        summary.CommandExitCode);
}

/// <summary>Code generated for what is printed: it also works where nothing can be compiled at run time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    Converters = [typeof(KebabCase<RecordingEnd>)])]
[JsonSerializable(typeof(RecordSummaryJson))]
internal sealed partial class RecordJson : JsonSerializerContext;

/// <summary>Names of an enumeration as words: <c>processes-ended</c>.</summary>
internal sealed class KebabCase<T>() : JsonStringEnumConverter<T>(System.Text.Json.JsonNamingPolicy.KebabCaseLower)
    where T : struct, Enum;
