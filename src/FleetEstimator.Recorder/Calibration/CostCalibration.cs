using System.Globalization;
using FleetEstimator.Paging;

namespace FleetEstimator.Recorder.Calibration;

/// <summary>What is measured besides memory itself.</summary>
public enum CalibrationDevice
{
    /// <summary>A zram device of its own.</summary>
    Zram,

    /// <summary>zram as above, then zswap before it. Leaves zswap's parameter written, which the kernel remembers until it restarts.</summary>
    Zswap,

    /// <summary>A disk, by direct reads and writes of a file of its own; no swap.</summary>
    File,

    /// <summary>The swap in use now, which must be zram; nothing is set up.</summary>
    Current,
}

/// <summary>What to measure, and how long.</summary>
public sealed record CalibrationOptions
{
    /// <summary>Where the journal of changed settings and its lock are: settings are the machine's, so there is one.</summary>
    public const string DefaultStateFolder = UndoJournal.DefaultFolder;

    /// <summary>What is measured.</summary>
    public CalibrationDevice Device { get; init; }

    /// <summary>Pages to time each step over, a multiple of 512.</summary>
    public int Pages { get; init; } = 16384;

    /// <summary>Times each step is timed.</summary>
    public int Passes { get; init; } = 12;

    /// <summary>Folder on the disk that <see cref="CalibrationDevice.File"/> measures.</summary>
    public string Folder { get; init; } = ".";

    /// <summary>Where the journal of changed settings is kept; another folder than the default is for tests.</summary>
    public string StateFolder { get; init; } = DefaultStateFolder;
}

/// <summary>Measures what paging costs on this machine's kernel.</summary>
/// <param name="Costs">The table; costs that were not measured have their defaults.</param>
/// <param name="Timings">The steps it was derived from.</param>
/// <param name="Provenance">Kernel, CPU, device and passes, in lines.</param>
/// <param name="Restored">Changes that an earlier, killed run had left and this one took back.</param>
public sealed record CostCalibration(CostTable Costs, IReadOnlyDictionary<PageStep, StepTiming> Timings, IReadOnlyList<string> Provenance, int Restored)
{
    private const string PageCluster = "/proc/sys/vm/page-cluster";
    private const string HugePages = "/sys/kernel/mm/transparent_hugepage/enabled";
    internal const string ZswapEnabled = "/sys/module/zswap/parameters/enabled";

    /// <summary>Takes back what a killed run left changed; returns how many changes that were.</summary>
    /// <exception cref="CalibrationException">Not root, another run is under way, or a change cannot be taken back.</exception>
    public static int Restore(string? stateFolder = null)
    {
        using var machine = BorrowedMachine.Take(stateFolder ?? UndoJournal.DefaultFolder, out var restored);
        return restored;
    }

    /// <summary>Measures. Settings are as before when this returns or throws.</summary>
    /// <param name="options">What to measure.</param>
    /// <param name="progress">Receives passes done.</param>
    /// <param name="interrupt">Ends the measurement after the current pass.</param>
    /// <exception cref="CalibrationException">Something is missing; says what, and how to get it.</exception>
    public static CostCalibration Run(CalibrationOptions options, IProgress<int>? progress, CancellationToken interrupt)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var machine = BorrowedMachine.Take(options.StateFolder, out var restored);
        using var measurement = new CostMeasurement(options.Pages);
        var rotating = false;
        string device;
        if (options.Device == CalibrationDevice.File)
        {
            var path = machine.AddFile(Path.Combine(Path.GetFullPath(options.Folder), $".fleet-estimator-{Environment.ProcessId}"), options.Pages * 4096L);
            rotating = IsRotating(path);
            device = $"direct I/O on a {(rotating ? "rotating" : "solid-state")} disk";
            for (var pass = 0; pass < options.Passes; pass++)
            {
                interrupt.ThrowIfCancellationRequested();
                measurement.TimeDirectIo(path);
                progress?.Report(pass + 1);
            }
        }
        else
        {
            device = SetUpSwap(machine, options);
            var hugePages = AllowHugePages(machine);
            for (var pass = 0; pass < options.Passes; pass++)
            {
                interrupt.ThrowIfCancellationRequested();
                measurement.TimeMemory(hugePages);
                if (HasZeromap)
                    measurement.TimeZeros();
                measurement.TimeData();
                progress?.Report(pass + 1);
            }

            if (options.Device == CalibrationDevice.Zswap)
                device += TimeZswap(machine, measurement, options, interrupt);
        }

        var source = $"measured by fleet-estimator calibrate on Linux {LinuxMachine.KernelRelease} ({CpuModel}, {device})";
        var timings = measurement.Timings;
        string[] provenance =
        [
            $"Measured on Linux {LinuxMachine.KernelRelease}, {CpuModel}, {device}.",
            string.Create(CultureInfo.InvariantCulture, $"Least of {options.Passes} passes over {options.Pages} pages of 4 KiB each."),
        ];
        return new CostCalibration(CostDerivation.Derive(timings, rotating, source), timings, provenance, restored);
    }

    private static bool HasZeromap => File.ReadLines("/proc/vmstat").Any(line => line.StartsWith("swpout_zero ", StringComparison.Ordinal));

    private static string CpuModel => File.ReadLines("/proc/cpuinfo")
        .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown CPU";

    private static string SetUpSwap(BorrowedMachine machine, CalibrationOptions options)
    {
        machine.Set(PageCluster, "0");
        // Pages that do not compress need room, too, and other processes' pages that happen to be pushed out meanwhile.
        var room = options.Pages * 4096L * 2;
        string node;
        if (options.Device == CalibrationDevice.Current)
        {
            node = BorrowedMachine.SwapAreas is [var only] && only.StartsWith("/dev/zram", StringComparison.Ordinal) ? only
                : throw new CalibrationException("--device current measures the swap in use, which must be one zram device (/proc/swaps). Use --device zram to set one up.");
        }
        else
        {
            node = machine.AddZram(room);
            if (File.Exists(ZswapEnabled) && BorrowedMachine.ReadSetting(ZswapEnabled) == "Y")
                machine.Set(ZswapEnabled, "N");
            machine.SwapOn(node);
        }

        return $"zram with {BorrowedMachine.ReadSetting($"/sys/block/{Path.GetFileName(node)}/comp_algorithm")}";
    }

    private static string TimeZswap(BorrowedMachine machine, CostMeasurement measurement, CalibrationOptions options, CancellationToken interrupt)
    {
        machine.Set(ZswapEnabled, "Y");
        for (var pass = 0; pass < options.Passes; pass++)
        {
            interrupt.ThrowIfCancellationRequested();
            measurement.TimeZswap();
        }

        return $", zswap with {BorrowedMachine.ReadSetting("/sys/module/zswap/parameters/compressor")}";
    }

    private static bool AllowHugePages(BorrowedMachine machine)
    {
        if (!File.Exists(HugePages))
            return false;
        if (BorrowedMachine.ReadSetting(HugePages) == "never")
            machine.Set(HugePages, "madvise");
        return true;
    }

    private static bool IsRotating(string path)
    {
        // The disk whose mount point is the longest that leads to the file; its whole device is behind the partition's folder.
        var mount = File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' '))
            .Where(fields => path.StartsWith(fields[4].TrimEnd('/') + "/", StringComparison.Ordinal)).MaxBy(fields => fields[4].Length);
        var device = mount is null ? null : new DirectoryInfo($"/sys/dev/block/{mount[2]}").ResolveLinkTarget(returnFinalTarget: true)?.FullName;
        var queue = device is null ? null : new[] { device, Path.GetDirectoryName(device)! }.Select(folder => $"{folder}/queue/rotational").FirstOrDefault(File.Exists);
        return queue is null
            ? throw new CalibrationException($"It cannot be told which disk {path} lies on. Use a folder on a disk with --folder.")
            : BorrowedMachine.ReadSetting(queue) == "1";
    }
}
