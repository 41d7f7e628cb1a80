using System.CommandLine;
using FleetEstimator.Grains.Backtests;
using FleetEstimator.Reports;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator backtest</c>: what the model swaps on a recording, against what the recorded kernel counted.</summary>
internal static class BacktestCommand
{
    internal static Command Create()
    {
        var recording = new Argument<string>("RECORDING") { Description = "A page-content trace." };
        var counters = new Option<string?>("--counters") { Description = "The kernel counters recorded with it. Default: RECORDING with .counters.jsonl in place of .arrow." };
        var windows = new Option<int>("--windows") { Description = "Parts of the time to show apart.", DefaultValueFactory = _ => NodeBacktest.DefaultWindows };
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        windows.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 1000)
                result.AddError("--windows is a number from 1 to 1000.");
        });
        var command = new Command("backtest", "Replay a recording under its node's own settings, and compare the model's swap traffic with what the node's kernel counted meanwhile.")
        {
            recording, counters, windows, json,
        };
        command.SetAction(parsed =>
        {
            try
            {
                var trace = Trace.Load(parsed.GetValue(recording)!);
                var path = parsed.GetValue(counters) ?? CounterFile.PathBeside(trace.FilePath);
                if (!File.Exists(path))
                {
                    throw new TraceException(path, null, null, "there is no such counters file, and without the kernel's counters there is nothing to compare with",
                        "Record again with this version, which writes it beside the trace, or name it with --counters");
                }

                var backtest = NodeBacktest.Run(trace, path, parsed.GetValue(windows));
                if (backtest.Reason is { } reason)
                    throw new TraceException(path, null, null, reason, "Record for longer than an interval");
                if (parsed.GetValue(json))
                {
                    using var stdout = Console.OpenStandardOutput();
                    ReportJson.Write(backtest, stdout);
                }
                else
                {
                    BacktestText.Write(backtest, Console.Out);
                }

                return ExitCode.Done;
            }
            catch (TraceException exception)
            {
                Console.Error.WriteLine(exception.Message);
                return ExitCode.BadInput;
            }
        });
        return command;
    }
}
