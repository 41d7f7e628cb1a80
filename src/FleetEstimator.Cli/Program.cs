using System.CommandLine;
using FleetEstimator.Cli;
using FleetEstimator.Cli.Cluster;

var root = new RootCommand("Estimates what zero-filled-page mechanisms save across a fleet of Linux machines.")
{
    RunCommand.Create(),
    SiloCommand.Create(),
    StudiesCommand.Create(),
    RecordCommand.Create(isWholeProgram: true),
    DoctorCommand.Create(),
    ImportCommand.Create(),
    InspectCommand.Create(),
    BacktestCommand.Create(),
    ExportCommand.Create(),
    IngestCommand.Create(),
    StoreCommand.Create(),
    SamplePlanCommand.Create(),
    DiffCommand.Create(),
    FitCommand.Create(),
    GenerateCommand.Create(),
    ValidateCommand.Create(),
    BenchCommand.Create(),
    CalibrateCommand.Create(),
    ScenarioWorkerCommand.Create(),
};
var parsed = root.Parse(args);
if (parsed.Errors.Count == 0)
{
    // What is done is handed over and stored before the process ends; the library's own patience is 2 s.
    return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
}

foreach (var error in parsed.Errors)
    Console.Error.WriteLine(error.Message);
var command = string.Concat(parsed.CommandResult.Command == root ? [] : parsed.CommandResult.Command.Parents.OfType<Command>().Where(parent => parent != root)
    .Append(parsed.CommandResult.Command).Select(part => part.Name + " "));
Console.Error.WriteLine($"fleet-estimator {command}--help shows what there is.");
return ExitCode.WrongUsage;
