using System.CommandLine;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary><c>fleet-estimator export</c>: a trace as Parquet.</summary>
internal static class ExportCommand
{
    internal static Command Create()
    {
        var file = new Argument<string>("TRACE") { Description = "A page-content trace." };
        var output = new Option<string>("--out", "-o") { Description = "The Parquet file to write. It must not exist.", HelpName = "FILE.parquet", Required = true };
        var command = new Command("export", "Write a trace as Parquet, for DuckDB, pandas and other tools; codes of operation and content with their names.") { file, output };
        command.SetAction(async (parsed, interrupt) =>
        {
            var (path, target, error) = (parsed.GetValue(file)!, parsed.GetValue(output)!, parsed.InvocationConfiguration.Error);
            if (Path.Exists(target))
            {
                error.WriteLine($"export: {target} exists already. Delete it or choose another --out.");
                return ExitCode.WrongUsage;
            }

            try
            {
                await WriteAsync(Trace.Load(path), target, interrupt);
                return ExitCode.Done;
            }
            catch (TraceException exception)
            {
                error.WriteLine($"export: {exception.Message}");
                return ExitCode.BadInput;
            }
            catch (OperationCanceledException)
            {
                error.WriteLine("export: interrupted; nothing was written.");
                return ExitCode.Interrupted;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                error.WriteLine($"export: {target} cannot be written: {exception.Message}");
                return ExitCode.Failed;
            }
        });
        return command;
    }

    private static async Task WriteAsync(Trace trace, string target, CancellationToken interrupt)
    {
        var partial = target + ".partial";
        try
        {
            await using (var stream = new FileStream(partial, FileMode.Create, FileAccess.ReadWrite, FileShare.None))
            {
                await TraceParquet.WriteAsync(trace, stream, interrupt);
                stream.Flush(flushToDisk: true);
            }

            File.Move(partial, target, overwrite: false);
        }
        finally
        {
            File.Delete(partial);
        }
    }
}
