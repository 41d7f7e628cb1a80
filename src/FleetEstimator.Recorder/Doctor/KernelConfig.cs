using System.IO.Compression;

namespace FleetEstimator.Recorder;

/// <summary>How the running kernel was configured, where it says so: /proc/config.gz, or the file that distributions put into /boot.</summary>
internal sealed class KernelConfig
{
    private readonly HashSet<string>? _on;

    private KernelConfig(HashSet<string>? on) => _on = on;

    /// <summary>Reads the configuration; without one nothing is known of any option.</summary>
    internal static KernelConfig Read(KernelTree kernel)
    {
        var packed = $"{kernel.Proc}/config.gz";
        var plain = $"{kernel.Root}/boot/config-{KernelTree.Text($"{kernel.Proc}/sys/kernel/osrelease")}";
        try
        {
            if (File.Exists(packed))
            {
                using var unpacked = new StreamReader(new GZipStream(File.OpenRead(packed), CompressionMode.Decompress));
                return new(Options(unpacked));
            }

            if (!File.Exists(plain))
                return new(null);
            using var text = File.OpenText(plain);
            return new(Options(text));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new(null);
        }
    }

    /// <summary>Whether an option is on, built in or as a module; null if that is not known.</summary>
    internal bool? Has(string option) => _on?.Contains(option);

    /// <summary>" (CONFIG_X is not set in this kernel)", is set, or nothing if that is not known.</summary>
    internal string Says(string option) => Has(option) is not { } has ? "" : $" ({option} is {(has ? "" : "not ")}set in this kernel)";

    private static HashSet<string> Options(StreamReader text)
    {
        var on = new HashSet<string>(StringComparer.Ordinal);
        while (text.ReadLine() is { } line)
        {
            if (line.StartsWith("CONFIG_", StringComparison.Ordinal) && (line.EndsWith("=y", StringComparison.Ordinal) || line.EndsWith("=m", StringComparison.Ordinal)))
                _ = on.Add(line[..^2]);
        }

        return on;
    }
}
