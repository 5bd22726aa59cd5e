"""What the tools of all jobs of a process share: threads for what blocks, and whatever they remember."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from solver.core.programs import Programs
from tools.add import Add
from tools.files import ToolFile, ToolFiles
from tools.job_tools import JobTools
from tools.python import PythonTool
from tools.retrieval import SearchFiles
from tools.settings import ToolSettings
from tools.tool import Tool
from tools.web.page import PageReader, ReadPage
from tools.web.search import WebSearch
from tools.written import Keep, keeps_nothing

_THREADS = 16


class ToolHost:
    """Makes the tools of jobs; one per process."""

    def __init__(self, settings: ToolSettings, programs: Programs) -> None:
        """Have programs run by `programs`."""
        self._settings = settings
        self._programs = programs
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="tools")
        self._reader = PageReader(user_agent=settings.user_agent, allowed_hosts=settings.allowed_hosts)

    def tools_of(
        self,
        file_names: Sequence[str] = (),
        load_files: Callable[[], Sequence[ToolFile]] = tuple,
        *,
        runs_programs: bool = True,
        keep_picture: Keep = keeps_nothing,
    ) -> JobTools:
        """Return the tools of a job with these files; `load_files` may block, and is called when they are needed.

        `runs_programs` says whether programs are run here at all; `keep_picture` may block, too.
        """
        files = ToolFiles(file_names, load_files)
        tools: list[Tool] = []
        if runs_programs:
            tools.append(PythonTool(self._programs, files, self._threads, keep_picture))
        if file_names:
            tools.append(SearchFiles(files, self._threads))
        if self._settings.search is not None:
            agent = self._settings.user_agent
            tools.append(WebSearch(self._settings.search, self._threads, user_agent=agent))
        if self._settings.reads_pages:
            tools.append(ReadPage(self._reader, self._threads))
        return JobTools(tools)

    def check_tools(self) -> JobTools:
        """Return the one tool of a job that looks whether a model calls tools."""
        return JobTools([Add()])

    def close(self) -> None:
        """Begin no more; what runs ends within its limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)
