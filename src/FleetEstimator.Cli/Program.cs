using System.CommandLine;
using FleetEstimator.Cli;

var root = new RootCommand("Estimates what zero-filled-page mechanisms save across a fleet of Linux machines.")
{
    RunCommand.Create(),
    RecordCommand.Create(),
    ValidateCommand.Create(),
};
return root.Parse(args).Invoke();
