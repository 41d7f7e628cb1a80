using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using FleetEstimator.Recorder;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator doctor</c>: says what this kernel and user offer, and what could be switched on.</summary>
internal static partial class DoctorCommand
{
    /// <summary>The verb with its options, ready to be added to the root command.</summary>
    internal static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("doctor", "Say what this kernel and user offer for recording, importing and backtesting, and what could be switched on. Changes nothing.") { json };
        command.SetAction(parsed => Run(parsed.GetValue(json), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(bool asJson, TextWriter output, TextWriter error)
    {
        if (!OperatingSystem.IsLinux())
        {
            error.WriteLine("doctor: Recording reads /proc, which only Linux has. Run it on the machine that is to be recorded.");
            return ExitCode.Failed;
        }

        var report = Doctor.Examine();
        output.WriteLine(asJson ? JsonSerializer.Serialize(report, DoctorJson.Default.DoctorReport) : DoctorText.Of(report));
        return report.CanRecord ? ExitCode.Done : ExitCode.Failed;
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, Converters = [typeof(AreaNames), typeof(StateNames)])]
    [JsonSerializable(typeof(DoctorReport))]
    private sealed partial class DoctorJson : JsonSerializerContext;

    private sealed class AreaNames() : JsonStringEnumConverter<FindingArea>(JsonNamingPolicy.KebabCaseLower);

    private sealed class StateNames() : JsonStringEnumConverter<FindingState>(JsonNamingPolicy.KebabCaseLower);
}
