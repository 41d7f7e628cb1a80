using System.Reflection;
using System.Runtime.InteropServices;

namespace FleetEstimator.Reports;

/// <summary>What may differ between two runs of the same study and seed: everything that report.json must not hold.</summary>
public sealed record RunRecord
{
    /// <summary>Name and version of the schema.</summary>
    public const string SchemaName = "fleet-estimator.run/1";

    /// <summary>Name and version of the schema.</summary>
    public string Schema { get; init; } = SchemaName;

    /// <summary>When the run started.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When the last node was simulated and the result was ready to be written.</summary>
    public required DateTimeOffset Finished { get; init; }

    /// <summary>From start to finish, in seconds.</summary>
    public double DurationSeconds => (Finished - Started).TotalSeconds;

    /// <summary>The command as given, program first.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>The study file as the user named it.</summary>
    public required string StudyPath { get; init; }

    /// <summary>The recordings' files as found, in the order of the study.</summary>
    public required IReadOnlyList<string> RecordingPaths { get; init; }

    /// <summary>Nodes this run simulated; fewer than the result has if an earlier run was resumed.</summary>
    public required long SimulatedNodes { get; init; }

    /// <summary>Nodes simulated per second of <see cref="DurationSeconds"/>; 0 for a run without duration.</summary>
    public double NodesPerSecond => DurationSeconds > 0 ? SimulatedNodes / DurationSeconds : 0;

    /// <summary>Where it ran.</summary>
    public required RunEnvironment Environment { get; init; }

    /// <summary>The other files of the result; <see cref="ResultFolder"/> fills it.</summary>
    public IReadOnlyList<WrittenFile> Files { get; init; } = [];
}

/// <summary>The machine and the program of a run. Holds no host name: a result is meant to be shared.</summary>
public sealed record RunEnvironment
{
    /// <summary>Version of FleetEstimator.</summary>
    public required string ProgramVersion { get; init; }

    /// <summary>Version of .NET.</summary>
    public required string DotnetVersion { get; init; }

    /// <summary>Name and version of the operating system.</summary>
    public required string OperatingSystem { get; init; }

    /// <summary>Version of the running kernel: uname -r on Linux.</summary>
    public required string Kernel { get; init; }

    /// <summary>x64, arm64, …</summary>
    public required string Architecture { get; init; }

    /// <summary>Processors this process may use.</summary>
    public required int CpuCount { get; init; }

    /// <summary>This process on this machine.</summary>
    public static RunEnvironment Current() => new()
    {
        ProgramVersion = typeof(RunEnvironment).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion,
        DotnetVersion = System.Environment.Version.ToString(),
        OperatingSystem = RuntimeInformation.OSDescription,
        Kernel = KernelRelease(),
        Architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
        CpuCount = System.Environment.ProcessorCount,
    };

    // .NET cuts uname -r down to numbers; the rest (-generic, -cloud-amd64) tells whose kernel it is.
    private static string KernelRelease()
    {
        const string release = "/proc/sys/kernel/osrelease";
        return File.Exists(release) ? File.ReadAllText(release).Trim() : System.Environment.OSVersion.Version.ToString();
    }
}

/// <summary>A file of a result.</summary>
/// <param name="Name">Its name within the folder.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">SHA-256 in lower-case hexadecimal.</param>
public sealed record WrittenFile(string Name, long Bytes, string Sha256);
