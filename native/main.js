"use strict";

require("./run")("main");
