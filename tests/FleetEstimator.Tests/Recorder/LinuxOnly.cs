using FleetEstimator.Recorder;
using Xunit;

namespace FleetEstimator.Tests.Recorder;

/// <summary>What a test needs of the machine; where it is missing, the test is skipped and says so.</summary>
internal static class LinuxOnly
{
    /// <summary>Tests that swap, or switch swap on and off, run one after the other.</summary>
    public const string SwapCollection = "Swap";

    public static void Require()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Recording needs Linux.");
    }

    public static void RequirePageMap()
    {
        Require();
        try
        {
            using var pageMap = PageMaps.Open(Environment.ProcessId);
        }
        catch (RecordingException exception)
        {
            Assert.Skip(exception.Message);
        }
    }

    public static void RequireSwap()
    {
        Require();
        if (LinuxMachine.SwapBytes == 0)
            Assert.Skip("No swap is active (/proc/swaps); set some up, for instance on zram, to run this test.");
    }
}
