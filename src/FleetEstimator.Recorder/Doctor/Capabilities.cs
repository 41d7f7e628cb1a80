using System.Globalization;

namespace FleetEstimator.Recorder;

/// <summary>What the kernel lets this process do (man 7 capabilities).</summary>
internal readonly record struct Capabilities(ulong Effective)
{
    // include/uapi/linux/capability.h
    private const int SysPtraceNumber = 19;
    private const int SysAdminNumber = 21;
    private const int SysNiceNumber = 23;
    private const int PerfmonNumber = 38;

    internal bool SysPtrace => Has(SysPtraceNumber);

    internal bool SysAdmin => Has(SysAdminNumber);

    internal bool SysNice => Has(SysNiceNumber);

    internal bool Perfmon => Has(PerfmonNumber) || SysAdmin;

    /// <summary>Reads the effective set of this process.</summary>
    internal static Capabilities Read(KernelTree kernel)
    {
        foreach (var line in (KernelTree.Text($"{kernel.Proc}/self/status") ?? "").Split('\n'))
        {
            if (line.StartsWith("CapEff:", StringComparison.Ordinal) && ulong.TryParse(line.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var set))
                return new(set);
        }

        return default;
    }

    private bool Has(int number) => (Effective & (1UL << number)) != 0;
}
