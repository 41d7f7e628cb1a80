using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace FleetEstimator.Benchmarks;

/// <summary><c>FleetEstimator.Benchmarks bench [--filter …]</c> measures with BenchmarkDotNet, <c>fleet …</c> measures silos; anything else runs the tests, as every test project does.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is ["bench", .. var options])
        {
            BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(options, Measuring());
            return 0;
        }

        if (args is ["fleet", .. var what])
            return await Fleet.FleetBenchmark.Run(what);

        return args.Contains("--server") || args.Contains("--internal-msbuild-node")
            ? await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            : await ConsoleRunner.Run(args);
    }

    /// <summary>In this process: the project BenchmarkDotNet would generate knows nothing of this repository's build settings.</summary>
    private static ManualConfig Measuring() => ManualConfig.CreateEmpty()
        .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
        .AddColumnProvider(DefaultColumnProviders.Instance)
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddExporter(MarkdownExporter.GitHub)
        .AddLogger(ConsoleLogger.Default);
}
