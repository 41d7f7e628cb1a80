namespace FleetEstimator.Cli;

/// <summary>What the command's exit code tells the program that started it.</summary>
internal static class ExitCode
{
    /// <summary>Done, whatever the verdicts of claims.</summary>
    public const int Done = 0;

    /// <summary>Failed; <c>validate</c>: a family falls short.</summary>
    public const int Failed = 1;

    /// <summary>Usage, or a wrong study or option file.</summary>
    public const int WrongUsage = 2;

    /// <summary>Bad input data: a trace, a recording, a file to import.</summary>
    public const int BadInput = 3;

    /// <summary>Ended with nodes that could not be simulated, listed in the result.</summary>
    public const int Partial = 4;

    /// <summary>With <c>--fail-on-claims</c>: a claim is refuted or undecided.</summary>
    public const int ClaimsFailed = 99;

    /// <summary>Interrupted.</summary>
    public const int Interrupted = 130;
}
