using System.CommandLine;
using FleetEstimator.Recorder.Calibration;

namespace FleetEstimator.Cli;

/// <summary>The process that <c>calibrate --scenarios</c> starts to have something done to its memory. Not for people.</summary>
internal static class ScenarioWorkerCommand
{
    private const string Verb = "scenario-worker";

    /// <summary>What starts it: this program again, by way of dotnet where that is how it was started.</summary>
    internal static IReadOnlyList<string> Line =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? [Environment.ProcessPath!, typeof(ScenarioWorkerCommand).Assembly.Location, Verb]
            : [Environment.ProcessPath!, Verb];

    internal static Command Create()
    {
        var mailboxes = new Argument<string>("FILE");
        var driver = new Argument<int>("PID");
        var command = new Command(Verb) { mailboxes, driver };
        command.Hidden = true;
        command.SetAction(parsed => ScenarioWorker.Run(parsed.GetValue(mailboxes)!, parsed.GetValue(driver)));
        return command;
    }
}
