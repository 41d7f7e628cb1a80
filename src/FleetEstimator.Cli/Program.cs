using System.CommandLine;
using FleetEstimator.Cli;

var root = new RootCommand("Estimates what zero-filled-page mechanisms save across a fleet of Linux machines.")
{
    RunCommand.Create(),
    RecordCommand.Create(),
    InspectCommand.Create(),
    BacktestCommand.Create(),
    ValidateCommand.Create(),
    BenchCommand.Create(),
    CalibrateCommand.Create(),
    ScenarioWorkerCommand.Create(),
};
var parsed = root.Parse(args);
if (parsed.Errors.Count == 0)
    return await parsed.InvokeAsync();

foreach (var error in parsed.Errors)
    Console.Error.WriteLine(error.Message);
Console.Error.WriteLine($"fleet-estimator {(parsed.CommandResult.Command == root ? "" : parsed.CommandResult.Command.Name + " ")}--help shows what there is.");
return ExitCode.WrongUsage;
