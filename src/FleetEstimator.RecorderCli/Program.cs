using System.CommandLine;
using FleetEstimator.Cli;

var root = new RootCommand("Records memory of live Linux processes for fleet-estimator, page by page. One file, without .NET.")
{
    RecordCommand.Create(isWholeProgram: true),
    DoctorCommand.Create(),
};
var parsed = root.Parse(args);
if (parsed.Errors.Count == 0)
    return parsed.Invoke();

foreach (var error in parsed.Errors)
    Console.Error.WriteLine(error.Message);
Console.Error.WriteLine($"fleet-recorder {(parsed.CommandResult.Command == root ? "" : parsed.CommandResult.Command.Name + " ")}--help shows what there is.");
return ExitCode.WrongUsage;
