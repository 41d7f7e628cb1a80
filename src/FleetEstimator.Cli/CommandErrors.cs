using FleetEstimator.Estimation;
using FleetEstimator.Traces;

namespace FleetEstimator.Cli;

/// <summary>What goes wrong in a command, as a message and an exit code.</summary>
internal static class CommandErrors
{
    /// <summary>Runs a command.</summary>
    public static int Report(string command, TextWriter error, Func<int> run)
    {
        try
        {
            return run();
        }
        catch (TraceException exception)
        {
            return Fail(exception.Message, ExitCode.BadInput);
        }
        catch (StudyException exception)
        {
            return Fail(exception.Message, ExitCode.WrongUsage);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Fail(exception.Message, ExitCode.Failed);
        }

        int Fail(string message, int exitCode)
        {
            error.WriteLine($"{command}: {message}");
            return exitCode;
        }
    }
}
